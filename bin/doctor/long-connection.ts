import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import { note, ok, problem } from '../../plugins/gemini-chat/src/doctor'
import type { Finding } from '../../plugins/gemini-chat/src/doctor'
import type { Env } from '../instance/env'

const DEFAULT_URL = 'wss://openws.work.weixin.qq.com'
const HANDSHAKE_TIMEOUT_MS = 10_000
const SUBSCRIBE_TIMEOUT_MS = 10_000
/** After the subscription: time in which another process would take the bot back. */
const WATCH_MS = 2000

/** Whether the instance uses the long connection. */
export function usesLongConnection({ PLATFORM, WECOM_BOT_MODE, WECOM_BOT_TOKEN, WECOM_BOT_SECRET }: Env): boolean {
  if (PLATFORM === 'dingtalk') return false
  return WECOM_BOT_MODE ? WECOM_BOT_MODE === 'websocket' : !!WECOM_BOT_SECRET && !WECOM_BOT_TOKEN
}

/** What prevents a connection: a part of the hint's name. */
function causeOf({ code = '', message }: NodeJS.ErrnoException): 'dns' | 'tls' | 'status' | 'network' {
  if (/^(?:ENOTFOUND|EAI_AGAIN)$/.test(code)) return 'dns'
  if (/CERT|SSL|TLS|SELF_SIGNED|ALTNAME|EPROTO/.test(code)) return 'tls'
  return /Unexpected server response/.test(message) ? 'status' : 'network'
}

/**
 * Checks the long connection of the bot.
 * @param subscribes also checks BotID and Secret, which takes the bot from the process that is running
 */
export async function* examineLongConnection(env: Env, subscribes: boolean): AsyncGenerator<Finding> {
  const address = env.WECOM_BOT_WS_URL ?? DEFAULT_URL
  const socket = new WebSocket(address, { handshakeTimeout: HANDSHAKE_TIMEOUT_MS })
  try {
    await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return yield problem('socket-failed', { address, reason: code ?? message }, `socket-${causeOf(error as Error)}`)
  }
  yield ok('socket', { address })
  try {
    if (subscribes) yield await subscribe(socket, env)
    else yield note('socket-untested', {}, 'socket-subscribe')
  } finally {
    socket.terminate()
  }
}

async function subscribe(socket: WebSocket, { WECOM_BOT_ID, WECOM_BOT_SECRET }: Env): Promise<Finding> {
  const requestId = randomUUID()
  const errcode = await new Promise<number | undefined>((resolve) => {
    setTimeout(() => resolve(undefined), SUBSCRIBE_TIMEOUT_MS).unref()
    socket.once('close', () => resolve(undefined))
    socket.on('message', (data) => {
      const frame = parse(String(data))
      if (frame?.headers?.req_id === requestId) resolve(frame.errcode)
    })
    const body = { bot_id: WECOM_BOT_ID, secret: WECOM_BOT_SECRET }
    socket.send(JSON.stringify({ cmd: 'aibot_subscribe', headers: { req_id: requestId }, body }))
  })
  if (errcode === undefined) return problem('subscribe-silent', {}, 'socket-network')
  if (errcode === 40001 || errcode === 40013) return problem('subscribe-failed', { errcode }, 'socket-secret')
  if (errcode) return problem('subscribe-failed', { errcode }, 'socket-later')
  const isTaken = await new Promise<boolean>((resolve) => {
    setTimeout(resolve, WATCH_MS, false)
    socket.on('message', data => parse(String(data))?.body?.event?.eventtype === 'disconnected_event' && resolve(true))
  })
  return isTaken ? problem('subscribe-taken', {}, 'socket-taken') : ok('subscribe')
}

interface Frame {
  headers?: { req_id?: string }
  errcode?: number
  body?: { event?: { eventtype?: string } }
}

function parse(text: string): Frame | undefined {
  try {
    return JSON.parse(text) as Frame
  } catch {}
}

import { randomUUID } from 'node:crypto'
import { createProxyConnector, parseProxy } from 'common/proxy'
import type { ProxyErrorCode } from 'common/proxy'
import { WebSocket } from 'ws'
import { note, ok, problem } from '../../plugins/gemini-chat/src/doctor'
import type { Finding } from '../../plugins/gemini-chat/src/doctor'
import type { Env } from '../instance/env'
import { savedSettings } from './saved-env'

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

/**
 * The proxy that the connection takes: that of the adapter, else the one that Koishi's client was given. There are no
 * variables for them.
 */
function proxyOf(): string | undefined {
  const [adapter] = savedSettings('adapter-wecom-bot')
  const [client, agent] = [savedSettings('http')[0], savedSettings('proxy-agent')[0]]
  return [adapter?.proxy, client?.proxyAgent, agent?.proxyAgent].find(Boolean) as string | undefined
}

const proxyCauses = {
  'proxy/malformed-address': 'proxy-address',
  'proxy/credentials-refused': 'proxy-login',
  'proxy/connection-refused': 'proxy-target',
  'proxy/unreachable': 'proxy',
} as const satisfies Record<ProxyErrorCode, string>

type Cause = 'dns' | 'tls' | 'status' | 'network' | typeof proxyCauses[ProxyErrorCode]

/** What prevents a connection: a part of the hint's name. */
function causeOf({ code = '', message }: NodeJS.ErrnoException): Cause {
  if (code in proxyCauses) {
    // SOCKS has no codes for these.
    if (/authentication failed/i.test(message)) return 'proxy-login'
    return /rejected connection/i.test(message) ? 'proxy-target' : proxyCauses[code as ProxyErrorCode]
  }
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
  const proxy = proxyOf()
  let socket: WebSocket
  try {
    socket = await open(address, proxy)
  } catch (error) {
    const { code, message, name } = error as NodeJS.ErrnoException
    // The message of a proxy's error tells more than its code, and contains no address.
    const reason = name === 'ProxyError' ? message : code ?? message
    return yield problem('socket-failed', { address, reason }, `socket-${causeOf(error as Error)}`)
  }
  yield ok(proxy ? 'socket-proxy' : 'socket', { address })
  try {
    if (subscribes) yield await subscribe(socket, env)
    else yield note('socket-untested', {}, 'socket-subscribe')
  } finally {
    socket.terminate()
  }
}

/** @throws {ProxyError} where there is no way through the proxy */
async function open(address: string, proxy?: string): Promise<WebSocket> {
  const agent = proxy ? createProxyConnector(parseProxy(proxy), { timeoutMs: HANDSHAKE_TIMEOUT_MS }).agent : undefined
  const socket = new WebSocket(address, { agent, handshakeTimeout: HANDSHAKE_TIMEOUT_MS })
  await new Promise<void>((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return socket
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

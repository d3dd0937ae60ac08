import type { IncomingMessage } from 'node:http'
import { parse } from 'node:querystring'
import type { Outcome } from '../inbound/types'
import { CallbackError } from '../protocol/callback-error'
import { encrypt } from '../protocol/crypto'
import { openJson, openXml, sealJson, sealXml } from '../protocol/envelope'
import { parsePayload } from '../protocol/parse-aibot'
import type { Payload } from '../protocol/payload'
import { encryptReply } from '../protocol/reply'
import { buildXml, isXml } from '../protocol/xml'
import type { Clock } from 'common/time'
import type { RecentlySeen } from '../util/recently-seen'
import { contentLength, readBody } from './body'
import type { CallbackLog } from './callback-log'
import { CallbackTime } from './callback-time'
import type { CallbackStats } from './status'
import type { Addressee, Query } from './verify'
import { checkEnvelope, openFor, parameter } from './verify'

/** A larger body than this is not read to its end: the connection is closed, and the sender may not see the reply. */
const MAX_DISCARDED_BYTES = 8 << 20

/** The part of koa's context that a callback needs. */
export interface Exchange {
  req: IncomingMessage
  /** `body`: result of the server's body parser. */
  request?: { body?: unknown }
  res: { once(event: 'close', callback: () => void): unknown, writableFinished: boolean }
  method: string
  path: string
  querystring: string
  status: number
  body: unknown
  set(name: string, value: string): void
  /** Called by koa for errors of the connection, too. The default prints a stack. */
  onerror(error: unknown): void
}

/** A bot that receives callbacks. */
export interface CallbackReceiver extends Addressee {
  /** Called for a valid echo. */
  verified(): void
  /** @throws {CallbackError} */
  accept(payload: Payload, isReplayed: boolean): Outcome | Promise<Outcome>
}

export interface CallbackOptions {
  /** All bots on this path. */
  bots: Iterable<CallbackReceiver>
  /** Signatures that were received while they are fresh. */
  replays: RecentlySeen
  clock: Clock
  log: CallbackLog
  stats: CallbackStats
}

/**
 * Creates the HTTP handler of a callback path. Refused requests get a status and two words; the reason is logged. The
 * body is read here and not by the server's parser, so the content type does not matter.
 * @see https://developer.work.weixin.qq.com/document/path/101033
 */
export function createCallback(options: CallbackOptions) {
  const time = new CallbackTime(options.clock)
  return Object.assign(async (exchange: Exchange) => {
    exchange.status = 200
    exchange.set('Content-Type', 'text/plain; charset=utf-8')
    exchange.onerror = error => error && options.log.failed(error)
    try {
      exchange.body = await answer(exchange, options, time)
    } catch (error) {
      if (error instanceof CallbackError) return refuse(exchange, error, options)
      // A bug of the adapter. WeCom repeats a callback that is not answered with 200.
      exchange.body = ''
      options.log.failed(error)
    }
  }, { [Symbol.for('noParseBody')]: true })
}

function refuse(exchange: Exchange, error: CallbackError, { stats, clock, log }: CallbackOptions) {
  const { reason, status } = error
  exchange.status = status
  exchange.body = status === 403 ? 'forbidden' : 'bad request'
  if (reason === 'method') exchange.set('Allow', 'GET, HEAD, POST')
  const isTooLarge = reason === 'size' && !(contentLength(exchange.req) <= MAX_DISCARDED_BYTES)
  if (isTooLarge || reason === 'slow') exchange.set('Connection', 'close')
  stats.refused(reason, clock.now())
  log.refused(error, exchange.path)
}

function answer(exchange: Exchange, options: CallbackOptions, time: CallbackTime): string | Promise<string> {
  // Koa's `query` would also put it into a cache of one, under its whole text.
  const query = parse(exchange.querystring)
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return Object.keys(query).some(key => /^(echostr|msg_?signature)$/.test(key))
        ? echo(query, options)
        : 'WeCom bot callback is up\n'
    case 'POST':
      return reply(exchange, query, options, time)
    default:
      throw new CallbackError('method')
  }
}

/** Verification of the URL in the console: replies with the decrypted `echostr`. */
function echo(query: Query, { bots, clock, stats }: CallbackOptions): string {
  // A `+` that was not percent-encoded is decoded to a space.
  const echostr = parameter(query, 'echostr').replace(/ /g, '+')
  const { message, bot } = openFor(bots, query, echostr)
  // Do not let `echostr` be used as a decryption oracle for captured callbacks.
  if (/^\s*[{<]/.test(message)) throw new CallbackError('malformed', 'a message instead of an echo')
  bot.verified()
  stats.accepted(clock.now())
  return message
}

async function reply(
  exchange: Exchange, query: Query, options: CallbackOptions, time: CallbackTime,
): Promise<string> {
  const { bots, clock, log, replays, stats } = options
  const { req, request, res } = exchange
  const timestamp = Number(parameter(query, 'timestamp'))
  const body = await readBody(req, request?.body, clock)
  const inXml = isXml(body)
  const ciphertext = inXml ? openXml(body) : openJson(body)
  const { credential, bot, signature, message } = openFor(bots, query, ciphertext, ({ freshness }) => {
    time.check(timestamp, freshness)
  })
  const payload = parsePayload(message)
  checkEnvelope(payload, credential, bot, inXml)
  const isReplayed = payload.kind !== 'poll' && replays.seen(signature)
  time.accepted(timestamp, bot.freshness)
  if (Math.abs(time.deviation) > bot.freshness) log.clockWasSet(time.deviation)
  stats.accepted(clock.now())
  const outcome = bot.accept(payload, isReplayed)
  // Polls are answered synchronously: do not wait for a microtask.
  const { reply, isDeclined, isPassedOn, responded } = outcome instanceof Promise ? await outcome : outcome
  if (isDeclined || isPassedOn) replays.forget(signature)
  if (isPassedOn) exchange.status = 503
  if (responded) res.once('close', () => responded(res.writableFinished))
  if (!reply) return ''
  const nonce = String(query.nonce)
  const seconds = Math.floor(time.now() / 1000)
  return inXml
    ? sealXml(credential, encrypt(credential, buildXml(reply)), nonce, seconds)
    : sealJson(credential, encryptReply(reply, credential), nonce, seconds)
}

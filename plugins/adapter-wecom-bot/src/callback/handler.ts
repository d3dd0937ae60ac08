import type { IncomingMessage } from 'node:http'
import type { Clock } from '../util/clock'
import type { Credential } from '../protocol/crypto'
import { decrypt, verify } from '../protocol/crypto'
import { openJson, openXml, sealJson, sealXml } from '../protocol/envelope'
import type { CallbackStats } from './status'
import type { AibotHandler } from '../inbound/aibot-handler'
import type { CallbackLog } from './callback-log'
import type { Payload } from '../protocol/payload'
import { parsePayload } from '../protocol/parse-aibot'
import type { CallbackErrorReason } from '../protocol/callback-error'
import { CallbackError } from '../protocol/callback-error'
import { stringifyOnce } from '../protocol/reply'
import type { RecentlySeen } from '../util/recently-seen'
import { buildXml, isXml } from '../protocol/xml'

/** Largest body, in bytes. */
const BODY_LIMIT = 1 << 20
/** Longest that a body may take, in milliseconds. Who holds back a byte would hold a connection, at no cost. */
const BODY_TIMEOUT = 10_000
/** Up to this size the rest of a body that is too large is passed over: cut off in the middle, nobody reads why. */
const PATIENCE = 8 << 20
/** Where the server's own parser leaves a body as it came. */
const unparsed = Symbol.for('unparsedBody')

/** The part of koa's context that a callback needs. */
export interface Exchange {
  req: IncomingMessage
  /** What the server's parser has made of the body. */
  request?: { body?: unknown }
  res: { once(event: 'close', callback: () => void): unknown, writableFinished: boolean }
  method: string
  path: string
  query: Record<string, string | string[] | undefined>
  status: number
  type: string
  body: unknown
  set(name: string, value: string): void
  /** Told by koa of what goes wrong with the connection, too; its own prints a stack. */
  onerror(error: unknown): void
}

export interface CallbackOptions {
  /** All bots that are reached on this path. */
  inboxes: Iterable<AibotHandler>
  /** Signatures that have been seen, for longer than they are fresh. */
  replays: RecentlySeen
  clock: Clock
  journal: CallbackLog
  tally: CallbackStats
}

/**
 * Answers what arrives on a callback path. Refusals get a status and two words; why is for the log.
 * Bodies are read here and not by the server's parser, so that no content type makes a difference.
 * @see https://developer.work.weixin.qq.com/document/path/101033
 */
export function createCallback(options: CallbackOptions) {
  return Object.assign(async (exchange: Exchange) => {
    exchange.status = 200
    exchange.type = 'text/plain; charset=utf-8'
    exchange.onerror = error => error && options.journal.failed(error)
    try {
      exchange.body = await answer(exchange, options)
    } catch (error) {
      // A mistake of ours: with anything but 200, WeCom would send the same again and again.
      if (!(error instanceof CallbackError)) {
        exchange.body = ''
        return options.journal.failed(error)
      }
      const { reason, status } = error
      exchange.status = status
      exchange.body = status === 403 ? 'forbidden' : 'bad request'
      if (reason === 'method') exchange.set('Allow', 'GET, HEAD, POST')
      const isEndless = reason === 'size' && !(sizeOf(exchange.req) <= PATIENCE)
      if (isEndless || reason === 'slow') exchange.set('Connection', 'close')
      options.tally.refused(reason, options.clock.now())
      options.journal.refused(error, exchange.path)
    }
  }, { [Symbol.for('noParseBody')]: true })
}

function answer(exchange: Exchange, options: CallbackOptions): string | Promise<string> {
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return Object.keys(exchange.query).some(key => /^(echostr|msg_?signature)$/.test(key))
        ? echo(exchange, options)
        : 'WeCom bot callback is up\n'
    case 'POST':
      return reply(exchange, options)
    default:
      throw new CallbackError('method')
  }
}

function echo({ query }: Exchange, { inboxes, clock, tally }: CallbackOptions): string {
  // A `+` that was not percent-encoded has become a space on its way through the query.
  const echostr = parameter(query, 'echostr').replace(/ /g, '+')
  const { message, inbox } = addressee(inboxes, query, echostr)
  // Who has seen a callback pass, but has no key, must not have it read out to him.
  if (/^\s*[{<]/.test(message)) throw new CallbackError('malformed', 'a message instead of an echo')
  inbox.options.verified()
  tally.accepted(clock.now())
  return message
}

async function reply(exchange: Exchange, options: CallbackOptions): Promise<string> {
  const { inboxes, clock, replays, tally } = options
  const { query, req, request, res } = exchange
  parameter(query, 'timestamp')
  const body = req.readableEnded ? readAlready(request?.body) : await read(req, clock)
  const inXml = isXml(body)
  const ciphertext = inXml ? openXml(body) : openJson(body)
  const { credential, inbox, signature, message } = addressee(inboxes, query, ciphertext, ({ options }) => {
    checkTime(Number(query.timestamp), clock.now() / 1000, options.freshness / 1000)
  })
  const payload = parsePayload(message)
  check(payload, credential, inXml)
  const replayed = payload.kind !== 'poll' && replays.seen(signature)
  tally.accepted(clock.now())
  const outcome = inbox.accept(payload, replayed)
  // Most are told at once, and need not wait for their turn in the queue of promises.
  const { reply, closing, isUntaken, sent } = outcome instanceof Promise ? await outcome : outcome
  if (isUntaken) replays.forget(signature)
  if (closing) res.once('close', () => inbox.options.turns.fetched(closing, res.writableFinished))
  if (sent) res.once('close', () => res.writableFinished && sent())
  if (!reply) return ''
  const text = inXml ? buildXml(reply) : stringifyOnce(reply)
  return (inXml ? sealXml : sealJson)(credential, text, String(query.nonce), Math.floor(clock.now() / 1000))
}

/** In seconds. @throws {CallbackError} `clock` for what comes too late, too early, or does not say when */
function checkTime(timestamp: number, now: number, freshness: number) {
  const skew = Math.round(now - timestamp)
  if (Math.abs(now - timestamp) <= freshness) return
  if (!Number.isFinite(skew)) throw new CallbackError('clock', 'the timestamp is no number')
  throw new CallbackError('clock', skew > 0 ? `${skew} s behind this server` : `${-skew} s ahead of this server`)
}

/** What is inside must be what comes in such an envelope, and meant for whom it is encrypted for. */
function check({ source }: Payload, credential: Credential, inXml: boolean) {
  const isInXml = source?.name === 'app' || source?.isJson === false
  if (isInXml !== inXml) throw new CallbackError('payload', 'XML and JSON in one another')
  const isApp = source?.name === 'app'
  if (isApp ? !credential.receiveId : credential.isApp) throw new CallbackError('receive-id')
}

/** One for all: in a flood, looking where each was thrown would take longer than all else. */
const forged = new CallbackError('signature')

/**
 * The bot whose token signed this, and what it says.
 * @param look at what is signed, before it is opened
 */
function addressee(
  inboxes: Iterable<AibotHandler>,
  query: Exchange['query'],
  ciphertext: string,
  look?: (inbox: AibotHandler) => void,
) {
  const signature = parameter(query, 'msg_signature', 'msgsignature').toLowerCase()
  const timestamp = parameter(query, 'timestamp')
  const nonce = parameter(query, 'nonce')
  let refusal: unknown
  /** Not what this was signed with; several keys may go with one token. */
  let other: string | undefined
  for (const inbox of inboxes) {
    for (const credential of inbox.credentials) {
      const { token } = credential
      if (token === other) continue
      if (!verify(token, timestamp, nonce, ciphertext, signature)) {
        other = token
        continue
      }
      look?.(inbox)
      try {
        return { inbox, credential, signature, message: decrypt(credential, ciphertext) }
      } catch (error) {
        // The same token may go with another key, or another receive id.
        refusal ??= error
      }
    }
  }
  throw refusal ?? forged
}

function parameter(query: Exchange['query'], ...names: string[]): string {
  for (const name of names) {
    const value = query[name]
    if (typeof value === 'string' && value) return value
  }
  throw new CallbackError('malformed', `no "${names[0]}"`)
}

/** `NaN` where the request does not say. */
function sizeOf({ headers }: IncomingMessage): number {
  return Number(headers['content-length'])
}

/** A route of another plugin that catches everything has had the body parsed, and there is nothing left to read. */
function readAlready(body: unknown): string {
  const raw = typeof body === 'string' ? body : (body as Record<symbol, unknown> | undefined)?.[unparsed]
  if (typeof raw !== 'string') throw new CallbackError('malformed', 'another plugin has read the body')
  if (Buffer.byteLength(raw) > BODY_LIMIT) throw new CallbackError('size')
  return raw
}

/** @throws {CallbackError} `size`, `slow`; `malformed` where the sender gives up in the middle */
function read(request: IncomingMessage, clock: Clock): Promise<string> {
  if (sizeOf(request) > BODY_LIMIT) throw new CallbackError('size')
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let timer: unknown
    // Most bodies come along with their headers: they are there before anybody would look at a clock.
    const soon = setImmediate(() => timer = clock.setTimeout(() => reject(new CallbackError('slow')), BODY_TIMEOUT))
    const settle = () => {
      clearImmediate(soon)
      if (timer) clock.clearTimeout(timer)
    }
    const refuse = (reason: CallbackErrorReason, detail?: string) => {
      settle()
      reject(new CallbackError(reason, detail))
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= BODY_LIMIT) chunks.push(chunk)
      else refuse('size')
    })
    request.on('end', () => {
      settle()
      resolve(chunks.length === 1 ? chunks[0].toString() : Buffer.concat(chunks).toString())
    })
    request.on('error', () => refuse('malformed', 'body broke off'))
  })
}

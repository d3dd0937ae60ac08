import { CallbackError } from '../protocol/callback-error'
import type { Credential } from '../protocol/crypto'
import { open, verify } from '../protocol/crypto'
import type { Payload } from '../protocol/payload'

export type Query = Record<string, string | string[] | undefined>

/** A bot as far as it is needed to tell whether a callback is for it. */
export interface Addressee {
  /** The current credential first; previous ones are accepted while they are being replaced. */
  readonly credentials: Credential[]
  /** Takes any receive id, and replies with the one that came. */
  readonly anyReceiver?: boolean
  /** How far a callback's timestamp may be from now. Milliseconds. */
  readonly freshness: number
}

export interface Verified<T extends Addressee> {
  bot: T
  credential: Credential
  signature: string
  /** Decrypted. */
  message: string
}

/** Shared by all callers: under a flood, capturing stack traces would cost more than all other work. */
const badSignature = new CallbackError('signature')

/**
 * Finds the bot whose token signed a ciphertext, and decrypts it.
 * @param check called before decryption
 * @throws {CallbackError} `signature`, `decrypt`, `receive-id`; `malformed` if a parameter is missing
 */
export function openFor<T extends Addressee>(
  bots: Iterable<T>,
  query: Query,
  ciphertext: string,
  check?: (bot: T) => void,
): Verified<T> {
  const { signature, timestamp, nonce } = signedParameters(query)
  let refusal: unknown
  /** Several keys may share a token: do not verify a wrong token twice. */
  let wrongToken: string | undefined
  for (const bot of bots) {
    for (const credential of bot.credentials) {
      const { token } = credential
      if (token === wrongToken) continue
      if (!verify(token, timestamp, nonce, ciphertext, signature)) {
        wrongToken = token
        continue
      }
      check?.(bot)
      try {
        return { bot, signature, ...openWith(credential, bot, ciphertext) }
      } catch (error) {
        // Another credential may have the same token and a different key or receive id.
        refusal ??= error
      }
    }
  }
  throw refusal ?? badSignature
}

/** Ids of WeCom. Anything else at the end of a message is a message that was cut at a wrong length. */
const RECEIVE_ID = /^[\w.@-]{0,128}$/

/** @returns the message, and the credential to reply with */
function openWith(credential: Credential, bot: Addressee, ciphertext: string) {
  const { message, receiveId } = open(credential, ciphertext)
  if (receiveId === credential.receiveId) return { message, credential }
  if (!bot.anyReceiver || !RECEIVE_ID.test(receiveId)) throw new CallbackError('receive-id')
  return { message, credential: { ...credential, receiveId } }
}

/**
 * The payload must belong into its envelope, and to the receive id it was encrypted for. A callback of a self-built app
 * is always encrypted for its corporation, which it names: this is checked if the receive id is not.
 */
export function checkEnvelope({ source }: Payload, { receiveId, isApp }: Credential, bot: Addressee, isXml: boolean) {
  const belongsInXml = source?.name === 'app' || source?.isJson === false
  if (belongsInXml !== isXml) throw new CallbackError('payload', 'XML in a JSON envelope, or JSON in XML')
  if (source?.name !== 'app') {
    if (isApp) throw new CallbackError('receive-id')
  } else if (!receiveId || (bot.anyReceiver && receiveId !== source.corpId)) {
    throw new CallbackError('receive-id')
  }
}

const MAX_TIMESTAMP_LENGTH = 16
const MAX_NONCE_LENGTH = 64

/**
 * The parameters of a signed request. The signature covers the token, timestamp, nonce and ciphertext as one text: with
 * digits for the timestamp and at most 64 characters for the nonce, no boundary in it can be moved to another place
 * where the ciphertext is still one.
 * @throws {CallbackError} `malformed` if one is missing or has another form; `clock` if the timestamp is not a number
 */
export function signedParameters(query: Query) {
  const signature = parameter(query, 'msg_signature', 'msgsignature').toLowerCase()
  const timestamp = parameter(query, 'timestamp')
  const nonce = parameter(query, 'nonce')
  // A counted repetition such as {1,64} takes three times as long, for every callback.
  if (timestamp.length > MAX_TIMESTAMP_LENGTH || /\D/.test(timestamp)) {
    throw new CallbackError('clock', 'the timestamp is not a number')
  }
  if (nonce.length > MAX_NONCE_LENGTH || /[^\w-]/.test(nonce)) {
    throw new CallbackError('malformed', 'the nonce has another form than WeCom\'s')
  }
  return { signature, timestamp, nonce }
}

/** @throws {CallbackError} `malformed` if none of the names has a value */
export function parameter(query: Query, ...names: string[]): string {
  for (const name of names) {
    const value = query[name]
    if (typeof value === 'string' && value) return value
  }
  throw new CallbackError('malformed', `no "${names[0]}"`)
}

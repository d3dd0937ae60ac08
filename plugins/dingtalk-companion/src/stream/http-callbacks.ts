import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from 'koishi'
import { describeError } from 'common/errors'
import type { Clock } from 'common/time'
import { MESSAGE_TOPIC } from './frames'
import type { Callback } from './stream-connection'

/** The path of the stock adapter. */
const CALLBACK_PATH = '/dingtalk'

/** @see https://open.dingtalk.com/document/orgapp/receive-message */
const MAX_CLOCK_SKEW_MS = 3_600_000

/** An app that gets its messages in HTTP mode. */
export interface HttpApp {
  secret: string
  /** Rejects where the message could neither be read nor answered. */
  received(callback: Callback): Promise<object | null>
}

export interface HttpCallbacksOptions {
  clock: Pick<Clock, 'now'>
  apps(): HttpApp[]
  warn(text: string): void
}

/** What is used of Koishi's server and of its requests. */
interface CallbackServer {
  stack: unknown[]
  register(path: string, methods: string[], handler: HttpHandler): unknown
}

type HttpHandler = (request: HttpRequest, next: () => Promise<void>) => Promise<void>

interface HttpRequest {
  get(header: string): string
  request: { body?: unknown }
  status: number
  body: unknown
}

/**
 * Takes the messages of HTTP mode before the stock adapter, which drops many of them, serves one app only, and responds
 * 404, so that DingTalk delivers again. What no app has signed is left to the adapter, which refuses it.
 */
export function takeHttpCallbacks(ctx: Context, { apps, clock, warn }: HttpCallbacksOptions) {
  const handle: HttpHandler = async (request, next) => {
    const timestamp = request.get('timestamp')
    const isCurrent = Math.abs(clock.now() - Number(timestamp)) <= MAX_CLOCK_SKEW_MS
    const app = isCurrent && apps().find(({ secret }) => isSigned(timestamp, request.get('sign'), secret))
    if (!app) return next()
    try {
      await app.received({ topic: MESSAGE_TOPIC, data: request.request.body })
      request.status = 200
      request.body = {}
    } catch (error) {
      warn(`DingTalk: a message was not acknowledged, so that it comes again: ${describeError(error)}`)
      request.status = 500
    }
  }

  ctx.inject(['server'], (ctx) => {
    const { server } = ctx as unknown as { server: CallbackServer }
    const layer = server.register(CALLBACK_PATH, ['POST'], handle)
    // The adapter may have been loaded first.
    server.stack.splice(server.stack.indexOf(layer), 1)
    server.stack.unshift(layer)
  })
}

function isSigned(timestamp: string, sign: string, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest()
  const given = Buffer.from(sign, 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

import { backoffMs, retry, withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import type { App } from './app'
import { DingtalkError, assertData, toDingtalkError } from './error'
import type { DingtalkErrorCode } from './error'

const MAX_RETRIES = 3

/** Permission that each call needs. */
const scopes = {
  'card/instances/createAndDeliver': 'Card.Instance.Write',
  'card/instances': 'Card.Instance.Write',
  'card/streaming': 'Card.Streaming.Write',
  'robot/oToMessages/batchSend': 'qyapi_robot_sendmsg',
  'robot/groupMessages/send': 'qyapi_robot_sendmsg',
  'robot/messageFiles/download': undefined,
  'robot/emotion/reply': undefined,
  'robot/emotion/recall': undefined,
  'media/upload': undefined,
}

export type ApiPath = keyof typeof scopes

/** Calls that take effect once however often they are made are repeated even if the first may have arrived. */
export const IDEMPOTENT: DingtalkErrorCode[] = ['dingtalk/too-fast', 'dingtalk/unreachable', 'dingtalk/connection-failed']

/** Messages are repeated only if the first certainly did not arrive. */
export const UNSENT: DingtalkErrorCode[] = ['dingtalk/too-fast', 'dingtalk/unreachable']

const NOT_BILLED: DingtalkErrorCode[] = ['dingtalk/too-fast', 'dingtalk/token-invalid', 'dingtalk/unreachable']

export interface CallOptions {
  /** Codes after which the call is repeated; none by default. */
  retried?: DingtalkErrorCode[]
  /** Milliseconds that one try may take. */
  timeoutMs: number
  /** Milliseconds after which no further try begins. */
  limitMs?: number
}

export interface ApiOptions {
  clock: Clock
  random: () => number
  /** Called where a token is refused. @returns `undefined` if a new one was tried already */
  renewToken?(): Promise<void> | undefined
}

/** Makes the calls of one app: rate-limited, counted, retried, with a time limit. */
export class ApiCalls {
  constructor(readonly app: App, private readonly options: ApiOptions) {}

  /** @throws {DingtalkError} */
  async run(path: ApiPath, request: () => Promise<unknown>, options: CallOptions): Promise<unknown> {
    const { app, options: { clock, random } } = this
    const { retried = [], limitMs = Infinity, timeoutMs } = options
    const begunAt = clock.monotonic()
    try {
      const result = await retry(() => this.withValidToken(() => this.attempt(request, timeoutMs)), {
        clock,
        attempts: 1 + MAX_RETRIES,
        delayMs: (error, attempt) => {
          const isWorthIt = retried.includes((error as DingtalkError).code) && clock.monotonic() - begunAt < limitMs
          return isWorthIt ? backoffMs(attempt, random) : undefined
        },
      })
      app.accepted(path)
      return result
    } catch (error) {
      const { code, message, scope } = error as DingtalkError
      const isUnnamed = code === 'dingtalk/permission-denied' && !scope
      const failure = isUnnamed ? new DingtalkError(code, message, { scope: scopes[path] }) : error as DingtalkError
      app.refused(path, failure, path.startsWith('card/'), retried.length > 0)
      throw failure
    }
  }

  private async withValidToken(attempt: () => Promise<unknown>): Promise<unknown> {
    try {
      return await attempt()
    } catch (error) {
      const renewing = (error as DingtalkError).code === 'dingtalk/token-invalid' && this.options.renewToken?.()
      if (!renewing) throw error
      // Without a new token the refusal stands, after which the same call may succeed later.
      await renewing.catch(() => { throw error })
      return attempt()
    }
  }

  /** One try, which is billed unless DingTalk says otherwise. */
  private async attempt(request: () => Promise<unknown>, timeoutMs: number): Promise<unknown> {
    const { app, options: { clock } } = this
    await app.rateLimiter.take()
    app.quota.spend()
    try {
      // The adapter sets no time limit: a call without a response would block its chat.
      return assertData(await withTimeout(request(), timeoutMs, clock, () => {
        throw new DingtalkError('dingtalk/connection-failed', 'DingTalk does not answer')
      }))
    } catch (cause) {
      const error = toDingtalkError(cause)
      if (NOT_BILLED.includes(error.code)) app.quota.spend(-1)
      throw error
    }
  }
}

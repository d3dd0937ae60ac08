import { randomUUID } from 'node:crypto'
import { BUILT_IN_TEMPLATE } from '../../plugins/dingtalk-companion/src/delivery/card-template'
import { note, ok, problem } from '../../plugins/gemini-chat/src/doctor'
import type { Finding } from '../../plugins/gemini-chat/src/doctor'
import type { Env } from '../instance/env'

const DEFAULT_ENDPOINT = 'https://api.dingtalk.com/v1.0/'
const TIMEOUT_MS = 5000

interface Answer {
  status: number
  body: { code?: string, message?: string, accessToken?: string, ticket?: string }
}

/** A call that names too little to take effect, and the permission that DingTalk checks before that. */
interface Probe {
  scope: string
  method: 'POST' | 'PUT'
  path: string
  body: object
}

/**
 * Checks the app: its secret, its permissions by name, the Stream connection, and the card template. Nothing is sent to
 * anyone; the probes are billed, one call each.
 */
export async function* examineDingtalk(env: Env): AsyncGenerator<Finding> {
  const { DINGTALK_CLIENT_ID: appKey, DINGTALK_CLIENT_SECRET: appSecret, DINGTALK_CARD_TEMPLATE_ID: ownTemplate } = env
  const template = ownTemplate || (env.DINGTALK_BUILT_IN_CARD === 'false' ? undefined : BUILT_IN_TEMPLATE.id)
  const endpoint = env.DINGTALK_API_ENDPOINT || DEFAULT_ENDPOINT
  const call = (path: string, body: object, method = 'POST', token?: string) => request(endpoint, { method, path, body, token })

  let token: string | undefined
  try {
    const { body } = await call('oauth2/accessToken', { appKey, appSecret })
    token = body.accessToken
    if (!token) return yield problem('dingtalk-token-failed', { reason: reasonOf(body) }, 'dingtalk-token')
    yield ok('dingtalk-token')
  } catch (error) {
    return yield note('dingtalk-unreachable', { address: new URL(endpoint).host, reason: causeOf(error) }, 'dingtalk-network')
  }

  for (const { scope, ...probe } of probesOf(template)) {
    const { body } = await call(probe.path, probe.body, probe.method, token)
    const isForCards = scope.startsWith('Card.')
    if (/PermissionDenied/i.test(body.code ?? '')) {
      yield isForCards && !ownTemplate
        ? note('dingtalk-scope-missing', { scope }, 'dingtalk-built-in-scope')
        : problem('dingtalk-scope-missing', { scope }, 'dingtalk-scope')
    } else if (isTemplateUnknown(body)) {
      yield ownTemplate
        ? problem('dingtalk-template-unknown', { template }, 'dingtalk-template')
        : note('dingtalk-template-unknown', { template }, 'dingtalk-own-template')
    } else {
      yield ok('dingtalk-scope', { scope })
    }
  }
  if (!template) yield note('dingtalk-no-template')
  else if (!ownTemplate) yield note('dingtalk-built-in-template')
  if (env.DINGTALK_PROTOCOL === 'http') return
  const subscriptions = [{ type: 'CALLBACK', topic: '/v1.0/im/bot/messages/get' }]
  const { body } = await call('gateway/connections/open', { clientId: appKey, clientSecret: appSecret, subscriptions })
  yield body.ticket ? ok('dingtalk-stream') : problem('dingtalk-stream-failed', { reason: reasonOf(body) }, 'dingtalk-stream')
}

function probesOf(template: string | undefined): Probe[] {
  const message: Probe = { scope: 'qyapi_robot_sendmsg', method: 'POST', path: 'robot/groupMessages/send', body: {} }
  if (!template) return [message]
  const card = { cardTemplateId: template, outTrackId: `doctor-${randomUUID()}`, cardData: { cardParamMap: {} } }
  return [
    message,
    { scope: 'Card.Instance.Write', method: 'POST', path: 'card/instances/createAndDeliver', body: card },
    { scope: 'Card.Streaming.Write', method: 'PUT', path: 'card/streaming', body: {} },
  ]
}

function isTemplateUnknown({ code = '', message = '' }: Answer['body']): boolean {
  return /template/i.test(code + message)
}

async function request(
  endpoint: string, { method, path, body, token }: { method: string, path: string, body: object, token?: string },
): Promise<Answer> {
  const response = await fetch(endpoint.replace(/\/?$/, '/') + path, {
    method,
    headers: { 'content-type': 'application/json', ...token && { 'x-acs-dingtalk-access-token': token } },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return { status: response.status, body: await response.json() as Answer['body'] }
}

function reasonOf({ code, message }: Answer['body']): string {
  return [code, message].filter(Boolean).join(' ') || '?'
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message
}

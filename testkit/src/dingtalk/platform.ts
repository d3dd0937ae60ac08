import { createHmac } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { Clock } from '../clock'
import { systemClock } from '../clock'
import { listen } from '../listen'
import type { Card } from './card'
import { Cards } from './card'
import type { MessageBody, MessageOrigin } from './message'
import { callbackData } from './message'
import { RateMeter } from './rate-meter'
import type { DingtalkApiError } from './api-error'
import { banPage, invalidToken, unknownPath, wrongSecret } from './api-error'
import type { RobotMessage } from './robot'
import { Robot } from './robot'
import type { CallbackDelivery } from './stream'
import { StreamGateway } from './stream'

/** The supported APIs. */
const routes = {
  'POST /v1.0/oauth2/accessToken': 'token',
  'POST /v1.0/gateway/connections/open': 'open',
  'GET /v1.0/microApp/allInnerApps': 'apps',
  'POST /microapp/list': 'oldApps',
  'POST /v1.0/robot/messageFiles/download': 'download',
  'POST /v1.0/robot/oToMessages/batchSend': 'batchSend',
  'POST /v1.0/robot/groupMessages/send': 'groupSend',
  'POST /v1.0/card/instances/createAndDeliver': 'createAndDeliver',
  'PUT /v1.0/card/streaming': 'streaming',
} as const

export type DingtalkApi = typeof routes[keyof typeof routes]

const FREE_APIS = new Set<DingtalkApi>(['token', 'open'])

/** How to fail a call: with an API error, the WAF's page, no response, or a connection reset. */
export type DingtalkFailure = DingtalkApiError | 'ban' | 'hang' | 'reset'

export interface DingtalkCall {
  api: DingtalkApi
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  at: number
  status: number
  /** Error code of a failed call. */
  code?: string
  billed: boolean
}

interface Handled {
  result: DingtalkApiError | object
  billed: boolean
}

export interface DingtalkOptions {
  port?: number
  clock?: Clock
  appKey?: string
  appSecret?: string
  agentId?: number
  /** Milliseconds until an unacknowledged callback is sent again, 60,000 by default. */
  redelivery?: number
  /** Lifetime of an access token in seconds, 7200 by default. */
  tokenLife?: number
  /** Maximum calls per second and API, 20 by default. */
  qps?: number
  /** Maximum calls per month, 5000 by default. */
  monthly?: number
  /** Maximum bytes of a card's content, 20,000 by default. */
  cardLimit?: number
  /** The existing card templates; any by default. */
  templates?: string[]
}

export interface Dingtalk {
  /** Replace `https://api.dingtalk.com/v1.0` and `https://oapi.dingtalk.com`. */
  apiEndpoint: string
  oldApiEndpoint: string
  appKey: string
  appSecret: string
  calls: DingtalkCall[]
  messages: RobotMessage[]
  cards: Card[]
  meter: RateMeter
  stream: StreamGateway
  /** Sends a message to the robot over the Stream connection. */
  say(body: MessageBody, place?: MessageOrigin): Promise<CallbackDelivery>
  /** Sends a message to the robot in HTTP mode. @returns the HTTP status of the robot's response */
  post(url: string, body: MessageBody, place?: MessageOrigin): Promise<number>
  /** Stores a file for use in messages. @returns its download code */
  media(bytes: Uint8Array, type: string): string
  /** Fails the next calls of an API. Failures are queued. */
  fail(api: DingtalkApi, failure: DingtalkFailure, times?: number): void
  /** Invalidates all access tokens. */
  expireTokens(): void
  close(): Promise<void>
}

/**
 * A mock of DingTalk's servers, as far as a robot uses them.
 * @see https://open.dingtalk.com/document/orgapp/overview-of-development-process
 */
export async function createDingtalk(options: DingtalkOptions = {}): Promise<Dingtalk> {
  const { clock = systemClock, appKey = 'dingkey', appSecret = 'ding-secret', agentId, tokenLife = 7200 } = options
  const cards = new Cards(clock, options.templates, options.cardLimit ?? 20_000)
  const robot = new Robot(clock, appKey)
  const meter = new RateMeter(clock, { qps: options.qps ?? 20, monthly: options.monthly ?? 5000 })
  const stream = new StreamGateway(clock, options.redelivery ?? 60_000)
  const calls: DingtalkCall[] = []
  const failures = new Map<DingtalkApi, DingtalkFailure[]>()
  const files = new Map<string, { bytes: Uint8Array, type: string }>()
  const tokens = new Map<string, number>()
  let issued = 0

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  function callApi(api: DingtalkApi, body: any): DingtalkApiError | object {
    switch (api) {
      case 'token': return body.appKey === appKey && body.appSecret === appSecret ? issueToken() : wrongSecret()
      case 'open': return body.clientId === appKey && body.clientSecret === appSecret
        ? { endpoint: `ws://127.0.0.1:${port}/connect`, ticket: stream.issueTicket() }
        : wrongSecret()
      case 'apps': return { appList: agentId ? [{ agentId, name: '小钉', icon: 'https://example.com/icon.png' }] : [] }
      case 'oldApps': return { errcode: 0, appList: [] }
      case 'download': return files.has(body.downloadCode)
        ? { downloadUrl: `http://127.0.0.1:${port}/files/${body.downloadCode}` }
        : { status: 400, code: 'invalidDownloadCode', message: 'downloadCode is invalid' }
      case 'batchSend': return robot.send(body, false)
      case 'groupSend': return robot.send(body, true)
      case 'createAndDeliver': return cards.create(body)
      case 'streaming': return cards.stream(body)
    }
  }

  function issueToken() {
    const accessToken = `token-${++issued}`
    tokens.set(accessToken, clock.now() + tokenLife * 1000)
    return { accessToken, expireIn: tokenLife }
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  function handleCall(api: DingtalkApi, token: string, body: any): Handled {
    if (FREE_APIS.has(api)) return { result: callApi(api, body), billed: false }
    if (!((tokens.get(token) ?? 0) > clock.now())) return { result: invalidToken(), billed: false }
    const before = meter.count
    const refusal = meter.charge(api)
    return { result: refusal ?? callApi(api, body), billed: meter.count > before }
  }

  function reply(response: ServerResponse, result: object) {
    const { status = 200, ...body } = result as Partial<DingtalkApiError>
    const text = 'code' in body ? { requestid: `request-${calls.length}`, ...body } : body
    response.writeHead(status, { 'content-type': 'application/json;charset=utf-8' }).end(JSON.stringify(text))
  }

  function fail(failure: DingtalkFailure, incoming: IncomingMessage, response: ServerResponse) {
    if (failure === 'reset') incoming.socket.resetAndDestroy()
    else if (failure === 'ban') response.writeHead(200, { 'content-type': 'text/html' }).end(banPage)
    else if (failure !== 'hang') reply(response, failure)
  }

  const handle: RequestListener = async (incoming, response) => {
    const { pathname, searchParams } = new URL(incoming.url!, 'http://localhost')
    const bytes = await buffer(incoming).catch(() => undefined)
    if (!bytes) return
    const file = files.get(pathname.slice('/files/'.length))
    if (file) return void response.writeHead(200, { 'content-type': file.type }).end(file.bytes)
    const api = (routes as Record<string, DingtalkApi>)[`${incoming.method} ${pathname}`]
    if (!api) return reply(response, unknownPath())
    const body = bytes.length ? JSON.parse(String(bytes)) : {}
    const token = incoming.headers['x-acs-dingtalk-access-token'] ?? searchParams.get('access_token') ?? ''
    const failure = failures.get(api)?.shift()
    if (failure) {
      const { status = 0, code } = (typeof failure === 'object' ? failure : {}) as Partial<DingtalkApiError>
      calls.push({ api, body, at: clock.now(), status, code, billed: false })
      return fail(failure, incoming, response)
    }
    const { result, billed } = handleCall(api, String(token), body)
    const { status = 200, code } = result as Partial<DingtalkApiError>
    calls.push({ api, body, at: clock.now(), status, code, billed })
    reply(response, result)
  }

  const server = createServer(handle)
  stream.listen(server)
  const { port, close } = await listen(server, options.port)
  return {
    apiEndpoint: `http://127.0.0.1:${port}/v1.0/`,
    oldApiEndpoint: `http://127.0.0.1:${port}/`,
    appKey,
    appSecret,
    calls,
    messages: robot.sent,
    cards: cards.all,
    meter,
    stream,
    say: (body, place = {}) => stream.push(callbackData(body, place, appKey, clock.now())),
    async post(url, body, place = {}) {
      const timestamp = String(clock.now())
      const sign = createHmac('sha256', appSecret).update(`${timestamp}\n${appSecret}`).digest('base64')
      const headers = { 'content-type': 'application/json', timestamp, sign }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(callbackData(body, place, appKey, clock.now())) })
      await response.arrayBuffer()
      return response.status
    },
    media(bytes, type) {
      const code = `file-${files.size + 1}`
      files.set(code, { bytes, type })
      return code
    },
    fail: (api, failure, times = 1) => {
      failures.set(api, [...failures.get(api) ?? [], ...Array<DingtalkFailure>(times).fill(failure)])
    },
    expireTokens: () => tokens.clear(),
    async close() {
      stream.close()
      await close()
    },
  }
}

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

/** What can be called, by the name it has here. */
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

/** How to fail a call: like a refusal, with a page, or with no answer at all. */
export type DingtalkFailure = DingtalkApiError | 'ban' | 'hang' | 'reset'

export interface DingtalkCall {
  api: DingtalkApi
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  at: number
  status: number
  /** What it was refused with. */
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
  /** Milliseconds after which a callback that was not acknowledged comes again. */
  redelivery?: number
  /** Seconds a token lives. */
  tokenLife?: number
  /** Calls per second and API. */
  qps?: number
  /** Calls per month. */
  monthly?: number
  /** Bytes of content a card takes. */
  cardLimit?: number
  /** The card templates that exist; any, unless given. */
  templates?: string[]
}

export interface Dingtalk {
  /** To be used instead of `https://api.dingtalk.com/v1.0` and `https://oapi.dingtalk.com`. */
  apiEndpoint: string
  oldApiEndpoint: string
  appKey: string
  appSecret: string
  calls: DingtalkCall[]
  messages: RobotMessage[]
  cards: Card[]
  meter: RateMeter
  stream: StreamGateway
  /** Says something to the robot, over the Stream connection. */
  say(body: MessageBody, place?: MessageOrigin): Promise<CallbackDelivery>
  /** The same in HTTP mode. @returns the status the robot answers with */
  post(url: string, body: MessageBody, place?: MessageOrigin): Promise<number>
  /** Puts a file where messages can point to it. @returns its download code */
  media(bytes: Uint8Array, type: string): string
  /** Fails the next calls of an API. Failures queue up. */
  fail(api: DingtalkApi, failure: DingtalkFailure, times?: number): void
  /** Makes every token invalid that was issued so far. */
  expireTokens(): void
  close(): Promise<void>
}

/**
 * DingTalk's servers, as far as a robot talks to them.
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

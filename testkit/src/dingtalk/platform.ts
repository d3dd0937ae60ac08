import { createHmac } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { systemClock } from '../clock'
import { listen } from '../listen'
import { banPage, invalidToken, oldApiError, unknownPath, wrongSecret } from './api-error'
import type { DingtalkApiError } from './api-error'
import { Cards } from './card'
import { clickData } from './card-click'
import type { Dingtalk, DingtalkCall, DingtalkFailure, DingtalkOptions } from './dingtalk'
import { callbackData } from './message'
import type { MessageBody, MessageOrigin } from './message'
import { RateMeter } from './rate-meter'
import { Reactions } from './reaction'
import { Robot } from './robot'
import { OLD_APIS, apiOf, parseBody } from './routes'
import type { DingtalkApi } from './routes'
import { CARD_TOPIC, StreamGateway } from './stream'
import { Uploads } from './upload'

/** APIs that are not counted among the calls of the month. */
const FREE_APIS = new Set<DingtalkApi>(['token', 'open', 'webhook'])

type Awaitable<T> = T | Promise<T>

interface Handled {
  result: DingtalkApiError | object
  billed: boolean
}

/** The topics of callbacks that a robot subscribes to. */
function topicsOf({ subscriptions = [] }: { subscriptions?: { type: string, topic: string }[] }): string[] {
  return subscriptions.filter(({ type }) => type === 'CALLBACK').map(({ topic }) => topic)
}

/**
 * A mock of DingTalk's servers, as far as a robot uses them.
 * @see https://open.dingtalk.com/document/orgapp/overview-of-development-process
 */
export async function createDingtalk(options: DingtalkOptions = {}): Promise<Dingtalk> {
  const { clock = systemClock, appKey = 'dingkey', appSecret = 'ding-secret', agentId, tokenLife = 7200 } = options
  const cards = new Cards(clock, options.templates, options.cardLimit ?? 20_000)
  const secrets: Record<string, string> = { [appKey]: appSecret, ...options.otherApps }
  const robot = new Robot(clock, Object.keys(secrets))
  const meter = new RateMeter(clock, { qps: options.qps ?? 20, monthly: options.monthly ?? 5000 })
  const stream = new StreamGateway(clock, options.redelivery ?? 60_000)
  const reactions = new Reactions()
  const uploads = new Uploads()
  const calls: DingtalkCall[] = []
  const failures = new Map<DingtalkApi, DingtalkFailure[]>()
  const files = new Map<string, { bytes: Uint8Array, type: string }>()
  const tokens = new Map<string, number>()
  let issued = 0

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  function callApi(api: DingtalkApi, body: any): Awaitable<DingtalkApiError | object> {
    switch (api) {
      case 'token': return body.appSecret && secrets[body.appKey] === body.appSecret ? issueToken() : wrongSecret()
      case 'open': return body.clientSecret && secrets[body.clientId] === body.clientSecret
        ? { endpoint: `ws://127.0.0.1:${port}/connect`, ticket: stream.issueTicket({ app: body.clientId, topics: topicsOf(body) }) }
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
      case 'updateCard': return cards.update(body)
      case 'groupRecall':
      case 'batchRecall': return robot.recall(body)
      case 'react': return reactions.add(body)
      case 'unreact': return reactions.remove(body)
      case 'upload': return uploads.add(body)
      case 'webhook': return robot.reply(body)
    }
  }

  function issueToken() {
    const accessToken = `token-${++issued}`
    tokens.set(accessToken, clock.now() + tokenLife * 1000)
    return { accessToken, expireIn: tokenLife }
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async function handleCall(api: DingtalkApi, token: string, body: any): Promise<Handled> {
    if (api === 'webhook') meter.messages++
    if (FREE_APIS.has(api)) return { result: await callApi(api, body), billed: false }
    if (!((tokens.get(token) ?? 0) > clock.now())) {
      return { result: OLD_APIS.has(api) ? oldApiError(40014, '不合法的access_token') : invalidToken(), billed: false }
    }
    const before = meter.count
    const refusal = meter.charge(api)
    const billed = meter.count > before
    return { result: refusal ?? await callApi(api, body), billed }
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
    const api = apiOf(incoming.method!, pathname)
    if (!api) return reply(response, unknownPath())
    const body = await parseBody(bytes, incoming.headers['content-type'], searchParams)
    const token = incoming.headers['x-acs-dingtalk-access-token'] ?? searchParams.get('access_token') ?? ''
    const failure = failures.get(api)?.shift()
    if (failure) {
      const { status = 0, code } = (typeof failure === 'object' ? failure : {}) as Partial<DingtalkApiError>
      calls.push({ api, body, at: clock.now(), status, code, billed: false })
      return fail(failure, incoming, response)
    }
    const { result, billed } = await handleCall(api, String(token), body)
    const { status = 200, code } = result as Partial<DingtalkApiError>
    calls.push({ api, body, at: clock.now(), status, code, billed })
    reply(response, result)
  }

  function dataOf(body: MessageBody, origin: MessageOrigin) {
    const webhook = options.sessionWebhooks ? robot.openSession(origin, `http://127.0.0.1:${port}`) : undefined
    return callbackData(body, origin, { robotCode: origin.robotCode ?? appKey, now: clock.now(), webhook })
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
    reactions: reactions.all,
    uploads: uploads.files,
    say(body, place = {}) {
      meter.messages++
      return stream.push(dataOf(body, place), { app: place.robotCode ?? appKey })
    },
    click(card, click) {
      meter.messages++
      return stream.push(clickData(card, click), { topic: CARD_TOPIC, app: card.app ?? appKey })
    },
    async post(url, body, place = {}) {
      const timestamp = String(clock.now())
      const sign = createHmac('sha256', appSecret).update(`${timestamp}\n${appSecret}`).digest('base64')
      const headers = { 'content-type': 'application/json', timestamp, sign }
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(dataOf(body, place)) })
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
    recover: () => failures.clear(),
    expireTokens: () => tokens.clear(),
    async close() {
      stream.close()
      await close()
    },
  }
}

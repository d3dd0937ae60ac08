import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any

/** The part of WeCom's API that a self-built app uses. */
export interface AppApi {
  origin: string
  /** Messages sent to people. */
  messages: Json[]
  uploads: { type: string, bytes: Buffer }[]
  /** Card updates. */
  updates: Json[]
  /** Path and query of every request. */
  requests: string[]
  /** Responses to the next requests of a path, instead of success. */
  answers: Record<string, Json[]>
  /** Valid access tokens. */
  tokens: string[]
  /** Files by `media_id`. */
  media: Record<string, { bytes: Buffer, name?: string }>
  close(): Promise<void>
}

export async function createAppApi(): Promise<AppApi> {
  let serial = 0
  const server = createServer(async (request: IncomingMessage, response) => {
    const url = new URL(request.url!, 'http://localhost')
    const body = await buffer(request)
    const path = url.pathname.replace('/cgi-bin/', '')
    api.requests.push(request.url!)
    const json = (value: Json) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    const answer = api.answers[path]?.shift()
    if (answer) return json(answer)
    if (path === 'gettoken') {
      if (url.searchParams.get('corpid') !== 'wwCORP') return json({ errcode: 40013, errmsg: 'invalid corpid' })
      if (url.searchParams.get('corpsecret') !== 'APP-SECRET') return json({ errcode: 40001, errmsg: 'invalid credential' })
      api.tokens = [`TOKEN-${++serial}`]
      return json({ errcode: 0, errmsg: 'ok', access_token: api.tokens[0], expires_in: 7200 })
    }
    if (!api.tokens.includes(url.searchParams.get('access_token')!)) return json({ errcode: 40014, errmsg: 'invalid access_token' })
    if (path === 'message/send') {
      api.messages.push(JSON.parse(body.toString()))
      return json({ errcode: 0, errmsg: 'ok', msgid: String(++serial) })
    }
    if (path === 'message/update_template_card') {
      api.updates.push(JSON.parse(body.toString()))
      return json({ errcode: 0, errmsg: 'ok', invaliduser: [] })
    }
    if (path === 'media/upload') {
      const start = body.indexOf('\r\n\r\n') + 4
      api.uploads.push({ type: url.searchParams.get('type')!, bytes: body.subarray(start, body.lastIndexOf('\r\n--')) })
      return json({ errcode: 0, errmsg: 'ok', media_id: `MEDIA-${++serial}` })
    }
    const file = api.media[url.searchParams.get('media_id')!]
    if (path !== 'media/get' || !file) return json({ errcode: 40007, errmsg: 'invalid media_id' })
    response.writeHead(200, {
      'content-type': 'application/octet-stream',
      ...file.name && { 'content-disposition': `attachment; filename="${file.name}"` },
    }).end(file.bytes)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const api: AppApi = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages: [],
    uploads: [],
    updates: [],
    requests: [],
    answers: {},
    tokens: [],
    media: {},
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
  return api
}

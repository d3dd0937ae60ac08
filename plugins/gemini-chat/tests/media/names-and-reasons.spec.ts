import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Content, Part } from '../../src/engine/types'
import { attachFiles } from '../../src/media/attach'
import type { InternalFile } from '../../src/media/attach'
import type { MediaKind } from '../../src/media/reference'

/** An adapter's response with this file, or with the reason why there is none. */
const file = (headers: Record<string, string>, text = '品名,价格') => ({
  status: 200, headers: new Headers(headers), body: new TextEncoder().encode(text).buffer as ArrayBuffer,
})
const refusal = (status: number, code?: string, limit?: number): InternalFile => ({
  status, headers: new Headers({ ...code && { 'x-error-code': code }, ...limit && { 'x-error-limit': String(limit) } }),
})

describe('a file that an adapter hands over', () => {
  const answers: InternalFile[] = []
  const options = {
    limit: 1000, total: 5000, timeout: 5000, trusted: ['127.0.0.1'], signal: new AbortController().signal,
    internal: async () => answers.shift()!,
  }

  const reference = (kind: MediaKind, name?: string, src = 'internal:a'): Part => {
    return { reference: { kind, src, ...name && { name } } } as Part
  }
  const ask = (...parts: Part[]) => attachFiles({ role: 'user', parts }, options)
  const texts = ({ parts }: Content) => parts.flatMap(({ text }) => text ?? [])

  afterEach(() => void answers.splice(0))

  it('reaches the model by the name in its headers, and the history too', async () => {
    answers.push(file({ 'content-disposition': 'attachment; filename=%E6%8A%A5%E4%BB%B7%E5%8D%95.csv' }))
    const { content, named } = await ask({ text: '[file]\n看看' }, reference('file'))
    assert.deepEqual(texts(content), ['[file] 报价单.csv\n看看'])
    assert.equal(content.parts[1].file!.mimeType, 'text/plain')
    assert.deepEqual(named.parts, [{ text: '[file] 报价单.csv\n看看' }, reference('file', '报价单.csv')])
  })

  it('gets the name at its own place among several', async () => {
    for (const name of ['a.csv', 'cited.csv', '%B1%A8%BC%DB.csv', 'last.csv']) {
      answers.push(file({ 'content-disposition': `attachment; filename=${name}` }))
    }
    const { content } = await ask(
      { text: 'Bob wrote:\n> [file] own.csv\n\n[file] [file]' }, reference('file', 'own.csv'), reference('file'), reference('file'),
      { text: '[Alice]\n[file]' }, reference('file'),
    )
    assert.deepEqual(texts(content), ['Bob wrote:\n> [file] own.csv\n\n[file] cited.csv [file] 报价.csv', '[Alice]\n[file] last.csv'])
  })

  it('keeps the name of the message, and has none where it is a picture or nothing names it', async () => {
    const disposition = { 'content-disposition': 'attachment; filename=wx_1.png' }
    answers.push(file(disposition), file(disposition, 'GIF89a'), file({}), file(disposition))
    const parts = [reference('file', 'a.csv'), reference('image'), reference('file')]
    const { content, rejected } = await ask({ text: '[file] a.csv [image] [file]' }, ...parts)
    assert.deepEqual(texts(content), ['[file] a.csv [image] [file]'])
    assert.deepEqual(rejected.map(({ name }) => name), [undefined])
    assert.deepEqual(texts((await ask({ text: '没有提到' }, reference('file'))).content), ['没有提到'])
  })

  it('is named where its format is not supported, and asked about no longer if it is all there is', async () => {
    answers.push(file({ 'content-disposition': 'attachment; filename="=?UTF-8?B?5Zu+LmR3Zw==?="' }, 'AC1032\0\0'))
    const { rejected, isBlank } = await ask({ text: '[file]' }, reference('file'))
    assert.deepEqual(rejected.map(({ name, reason, message }) => [name, reason, message]), [['图.dwg', 'type', 'DWG is not supported']])
    assert.equal(isBlank, true)
  })

  for (const [answer, reason, limit] of [
    [refusal(502, 'wecom-bot/media-too-large', 500), 'size', 500],
    [refusal(502, 'other/too-large'), 'size', undefined],
    [refusal(413, 'other/file-too-large'), 'size', undefined],
    [refusal(502, 'wecom-bot/media-undecryptable'), 'undecryptable', undefined],
    [refusal(404, 'wecom-bot/media-unavailable'), 'expired', undefined],
    [refusal(410, 'other/link-expired'), 'expired', undefined],
    [refusal(502, 'wecom-bot/media-network-failed'), 'unreachable', undefined],
    [refusal(502, 'wecom-bot/media-private-address'), 'unreachable', undefined],
    [refusal(500), 'unreachable', undefined],
  ] as const) {
    it(`is missing because of ${reason} after ${answer.headers!.get('x-error-code')} with status ${answer.status}`, async () => {
      answers.push(answer)
      const { rejected } = await ask({ text: '[file]' }, reference('file'))
      assert.deepEqual(rejected.map(({ reason, limit }) => [reason, limit]), [[reason, limit]])
    })
  }
})

describe('a file from the web', () => {
  let server: Server
  let origin: string
  let handle: RequestListener

  before(async () => {
    server = createServer((request, response) => handle(request, response))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  async function load() {
    const { signal } = new AbortController()
    const parts: Part[] = [{ text: '[file]' }, { reference: { kind: 'file', src: `${origin}/x` } } as Part]
    const internal = async () => ({ status: 500 })
    return attachFiles({ role: 'user', parts }, { limit: 1000, total: 5000, timeout: 5000, trusted: ['127.0.0.1'], signal, internal })
  }

  it('reaches the model by the name in its headers', async () => {
    handle = (_, response) => response.setHeader('content-disposition', "attachment; filename*=GBK''%B1%A8%BC%DB.csv").end('1,2')
    assert.equal((await load()).content.parts[0].text, '[file] 报价.csv')
    handle = (_, response) => {
      response.socket!.end(Buffer.from('HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename="报价单.csv"\r\nConnection: close\r\n\r\n1,2'))
    }
    assert.equal((await load()).content.parts[0].text, '[file] 报价单.csv')
  })

  for (const [status, reason] of [[401, 'expired'], [403, 'expired'], [410, 'expired'], [404, 'unreachable'], [500, 'unreachable']] as const) {
    it(`is missing because of ${reason} where the server answers ${status}`, async () => {
      handle = (_, response) => response.writeHead(status).end()
      assert.deepEqual((await load()).rejected.map(({ reason }) => reason), [reason])
    })
  }
})

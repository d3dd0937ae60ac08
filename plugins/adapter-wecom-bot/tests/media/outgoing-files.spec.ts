import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { HTTP } from '@koishijs/plugin-http'
import { Context } from 'koishi'
import type { Wecom } from 'testkit'
import { createWecom } from 'testkit'
import { systemClock as clock } from 'common/time'
import { createFileReader } from '../../src/media/outgoing-files'
import { encodingAESKey } from '../support/world'

const bytes = Buffer.from('hello 世界')
const data = `data:text/plain;base64,${bytes.toString('base64')}`

describe('createFileReader', () => {
  let wecom: Wecom
  let app: Context
  let folder: string
  let warnings: string[] = []

  before(async () => {
    wecom = await createWecom({ encodingAESKey })
    app = new Context()
    app.plugin(HTTP as never)
    await app.start()
    folder = await mkdtemp(join(tmpdir(), 'wecom-bot-'))
    await writeFile(join(folder, 'secret.txt'), 'secret')
  })

  after(async () => {
    await rm(folder, { recursive: true })
    await app.stop()
    await wecom.close()
  })

  beforeEach(() => {
    warnings = []
  })

  function open(src: string, isPicture = false, options: { trusted?: string[], limit?: number } = {}) {
    const trusted = options.trusted ?? [new URL(wecom.origin).host]
    const warn = (reason: string) => void warnings.push(reason)
    return createFileReader({ http: app.http, limit: 1000, clock, ...options, trusted, warn })(src, isPicture)
  }

  it('downloads from the web, with the file name', async () => {
    const file = await open(wecom.media(bytes, '你好.txt', { key: false }))
    assert.deepEqual(file, { data: bytes, name: '你好.txt' })
  })

  it('takes the name from the URL if there is no other', async () => {
    const url = new URL(wecom.media(bytes, 'a', { key: false, disposition: 'none' }))
    const { name } = (await open(url.href))!
    assert.equal(name, url.pathname.split('/').pop())
  })

  it('leaves web images as links, unless the host is trusted', async () => {
    assert.equal(await open('https://example.com/a.png', true), undefined)
    assert.deepEqual(await open(wecom.media(bytes, 'a.png', { key: false }), true), { data: bytes, name: 'a.png' })
    assert.deepEqual(warnings, [])
  })

  it('reads data: URLs', async () => {
    assert.deepEqual(await open(data), { data: bytes, name: undefined })
  })

  it('reads internal: URLs, with a decoded name', async () => {
    const open = (filename?: string) => createFileReader({
      http: { file: async () => ({ data: new Uint8Array(bytes).buffer, filename }) },
      limit: 1000,
      clock,
      trusted: [],
      warn: assert.fail,
    })('internal:wecom-bot/ID/media/1', false)
    assert.deepEqual(await open(encodeURIComponent('你 好.txt')), { data: bytes, name: '你 好.txt' })
    for (const made of [undefined, '', 'file', 'file.png']) assert.deepEqual(await open(made), { data: bytes, name: undefined })
    assert.deepEqual(await open('100%'), { data: bytes, name: '100%' })
  })

  it('never reads local files', async () => {
    const path = join(folder, 'secret.txt')
    for (const src of [pathToFileURL(path).href, path, `file:${path}`, '../package.json', 'FILE:///etc/passwd']) {
      assert.equal(await open(src), undefined, src)
    }
    assert.deepEqual(warnings, [])
  })

  it('never reads from private addresses', async () => {
    for (const src of [`${wecom.origin}/`, 'http://localhost:1/', 'http://169.254.169.254/latest', 'http://[::1]:1/']) {
      assert.equal(await open(src, false, { trusted: [] }), undefined)
    }
    assert.deepEqual(new Set(warnings), new Set(['the host is in a private network: add it to trustedHosts if it may be used']))
  })

  it('ignores a source that is not a URL', async () => {
    for (const src of ['', 'a', '//example.com', 'blob:1', 'javascript:1', 'ftp://example.com/a']) {
      assert.equal(await open(src), undefined)
    }
    assert.deepEqual(warnings, [])
  })

  it('warns about large and missing files without their URL', async () => {
    assert.equal(await open(wecom.media(Buffer.alloc(2000), 'a', { key: false })), undefined)
    assert.equal(await open(`${wecom.origin}/media/none?sign=SECRET`), undefined)
    assert.equal(await open('internal:unknown/x/SECRET'), undefined)
    assert.equal(warnings.length, 3)
    assert.ok(!/SECRET|127\.0|internal/.test(warnings.join()), warnings.join())
  })
})

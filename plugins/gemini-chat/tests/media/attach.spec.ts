import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { strToU8, zipSync } from 'fflate'
import type { Content } from '../../src/engine/types'
import { attachFiles } from '../../src/media/attach'
import type { AttachOptions } from '../../src/media/attach'
import { withoutLargeReferences } from '../../src/media/reference'
import type { MediaKind, ReferencePart } from '../../src/media/reference'

const png = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

describe('attachFiles', () => {
  let server: Server
  let origin: string
  let options: AttachOptions

  before(async () => {
    server = createServer(({ url }, response) => {
      if (url !== '/silent') response.end(url === '/big' ? Buffer.alloc(200) : png)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  beforeEach(() => {
    const internal = async ({ href }: URL) => {
      if (href === 'internal:gone') throw new Error('fetch http://secret failed')
      if (href === 'internal:none') return { status: 404 }
      const locations = [
        ['internal:moved', `${origin}/a`], ['internal:private', 'http://localhost:1/'], ['internal:out', 'file:///x'],
      ]
      const location = locations.find(([from]) => from === href)?.[1]
      if (location) return { status: 302, headers: new Headers({ location }) }
      return { status: 200, body: new Uint8Array(href === 'internal:big' ? Buffer.alloc(200) : png).buffer }
    }
    const { signal } = new AbortController()
    options = { limit: 100, total: 150, timeout: 5000, trusted: [new URL(origin).host], internal, signal }
  })

  function question(text: string, ...srcs: string[]): Content {
    const references = srcs.map((src): ReferencePart => {
      const [address, name] = src.split(' ')
      return { reference: { kind: 'image' as MediaKind, src: address, ...name && { name } } }
    })
    return { role: 'user', parts: [{ text }, ...references] }
  }

  async function reasons(...srcs: string[]) {
    const { rejected } = await attachFiles(question('see', ...srcs), options)
    return rejected.map(({ reason, message }) => `${reason}: ${message}`)
  }

  it('loads files from the web, from adapters and from data addresses', async () => {
    const data = `data:image/gif;base64,${png.toString('base64')}`
    const { content, rejected, isBlank } = await attachFiles(question('see', `${origin}/a`, 'internal:a', data, 'data:,a%20b'), options)
    const image = { file: { mimeType: 'image/png', data: png.toString('base64') } }
    const text = { file: { mimeType: 'text/plain', data: Buffer.from('a b').toString('base64') } }
    assert.deepEqual(content, { role: 'user', parts: [{ text: 'see' }, image, image, image, text] })
    assert.deepEqual([rejected, isBlank], [[], false])
  })

  it('never reads files of this machine', async () => {
    for (const src of ['file:///etc/passwd', '/etc/passwd', 'ftp://x/y', 'base64://aaaa', 'FILE:/etc/passwd', 'unix:/x', '']) {
      assert.deepEqual(await reasons(src), ['unreachable: the kind of address is not allowed'], src)
    }
    options.trusted = []
    assert.match((await reasons(`${origin}/a`))[0], /^unreachable: .*private network/)
  })

  it('leaves out files one by one, with a reason and no address', async () => {
    const { content, rejected } = await attachFiles(
      question('see', 'internal:big', 'internal:gone', 'data:,GIF89a%01 fun.gif', `${origin}/big`, `${origin}/a`), options,
    )
    assert.equal(content.parts.length, 2)
    assert.deepEqual(rejected.map(({ name, reason, message }) => [name, reason, message]), [
      [undefined, 'size', 'the file is larger than 100 bytes'],
      [undefined, 'unreachable', 'the file cannot be read'],
      ['fun.gif', 'type', 'GIF is not supported'],
      [undefined, 'size', 'the file is larger than 100 bytes'],
    ])
  })

  it('follows redirects of adapters through the same guard', async () => {
    const { content } = await attachFiles(question('see', 'internal:moved'), options)
    assert.equal(content.parts.length, 2)
    assert.match((await reasons('internal:private'))[0], /private network/)
    assert.match((await reasons('internal:out'))[0], /not an HTTP URL/)
    assert.deepEqual(await reasons('internal:none'), ['unreachable: the adapter answers 404'])
  })

  it('limits the size of all files together', async () => {
    const text = `data:,${'x'.repeat(80)}`
    assert.deepEqual(await reasons(text, text), ['size: the file is larger than 70 bytes'])
    assert.deepEqual(await reasons(`data:,${'x'.repeat(5000)}`), ['size: the file is larger than 100 bytes'])
    options.limit = 0
    assert.deepEqual(await reasons(text), ['size: the file is larger than 0 bytes'])
  })

  it('limits the time', async () => {
    options.timeout = 30
    assert.deepEqual(await reasons(`${origin}/silent`, `${origin}/a`), [
      'unreachable: the files took longer than 30 ms', 'unreachable: the files took longer than 30 ms',
    ])
    options.internal = () => new Promise(() => {})
    assert.deepEqual(await reasons('internal:a'), ['unreachable: the files took longer than 30 ms'])
  })

  it('stops with its signal', async () => {
    const controller = new AbortController()
    const done = attachFiles(question('see', `${origin}/silent`), { ...options, signal: controller.signal })
    controller.abort(new Error('stopped'))
    await assert.rejects(done, /stopped/)
    await assert.rejects(attachFiles(question('see', 'internal:a'), { ...options, signal: controller.signal }), /stopped/)
  })

  it('reads office documents as text, and says of an archive that is none what it is', async () => {
    const address = (files: Record<string, string>, name: string) => {
      const packed = zipSync(Object.fromEntries(Object.entries(files).map(([part, text]) => [part, strToU8(text)])))
      return `data:application/zip;base64,${Buffer.from(packed).toString('base64')} ${name}`
    }
    const document = address({ 'word/document.xml': '<d><p><t>合同正文</t></p></d>' }, 'contract.docx')
    const { content, rejected } = await attachFiles(
      question('read [file] contract.docx', document, address({ 'a.txt': 'x' }, 'a.zip')), { ...options, limit: 1000, total: 2000 },
    )
    assert.deepEqual(content.parts[1].file, {
      mimeType: 'text/plain', data: Buffer.from('合同正文').toString('base64'),
    })
    assert.deepEqual(rejected.map(({ reason, message }) => [reason, message]), [['type', 'ZIP is not supported']])
  })

  it('tells when nothing is left to ask', async () => {
    const blank = async (text: string, src: string) => (await attachFiles(question(text, src), options)).isBlank
    assert.equal(await blank('[image]', 'file:x'), true)
    assert.equal(await blank('[image] a.docx', 'file:x a.docx'), true)
    assert.equal(await blank('[Alice]\n[image]', 'file:x'), true)
    assert.equal(await blank('[image] what is it?', 'internal:a'), false)
    assert.equal(await blank('what is it? [image]', 'file:x'), false)
    assert.equal(await blank('[image] what is it?', 'file:x'), false)
    assert.equal(await blank('[image] [image]', 'file:x'), false)
    assert.equal(await blank('[image]', 'internal:a'), false)
  })

  it('keeps placeholders and short addresses for the history', () => {
    const content = question('see [image] [image]', 'internal:a', `data:,${'x'.repeat(5000)}`)
    assert.deepEqual(withoutLargeReferences(content), question('see [image] [image]', 'internal:a'))
  })
})

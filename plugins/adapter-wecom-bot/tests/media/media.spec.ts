import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Wecom } from 'testkit'
import { createWecom, decodeKey, encryptMedia } from 'testkit'
import type { Clock } from 'common/time'
import { decryptMedia } from '../../src/protocol/crypto'
import { detectFileType } from 'common/files'
import type { MediaOptions } from '../../src/media/media'
import type { MediaError } from '../../src/media/media-error'
import { downloadMedia, fetchFile, toMedia } from '../../src/media/media'
import { encodingAESKey } from '../support/world'

const key = decodeKey(encodingAESKey)
const DURATION = 5 * 60_000
const SILENCE = 20_000
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(1000, 'pixels')])

describe('downloadMedia', () => {
  let wecom: Wecom
  let trusted: string[]
  /** Pauses between attempts, in milliseconds. They end at once. */
  const pauses: number[] = []
  const clock: Clock = {
    now: Date.now,
    monotonic: () => performance.now(),
    setTimeout: (callback, delay) => {
      if (delay === DURATION || delay === SILENCE) {
        ends.add(callback)
        return callback
      }
      pauses.push(delay)
      return setImmediate(callback)
    },
    clearTimeout: timer => void ends.delete(timer as () => void),
    sleep: delay => new Promise(resolve => clock.setTimeout(resolve, delay)),
  }
  /** Timers that end downloads that take too long. */
  const ends = new Set<() => void>()
  const closing: (() => void)[] = []

  before(async () => {
    wecom = await createWecom({ encodingAESKey })
    trusted = [new URL(wecom.origin).host]
  })

  after(async () => {
    for (const close of closing) close()
    await wecom.close()
  })

  beforeEach(() => {
    pauses.splice(0)
    wecom.downloads.splice(0)
  })

  const get = (url: string, options: Partial<MediaOptions> = {}, aesKey?: string) => {
    return downloadMedia({ url, aesKey }, { keys: [key], limit: 1 << 20, clock, trusted, ...options })
  }

  /** A local server that is not WeCom's. */
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    closing.push(() => server.closeAllConnections(), () => server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  it('downloads and decrypts files of any length with the bot\'s key', async () => {
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 1000, 65536, 300_001]) {
      const bytes = randomBytes(length)
      const { data, type } = await get(wecom.media(bytes, 'a.bin'))
      assert.ok(data.equals(bytes))
      assert.equal(type, 'application/octet-stream')
    }
  })

  it('detects the type by content, not by the headers', async () => {
    const { type, name } = await get(wecom.media(png, '照片 1.jpg', { contentType: 'text/html' }))
    assert.deepEqual([type, name], ['image/png', '照片 1.jpg'])
  })

  // Fixed: 1 of 256 random keys would pass the padding check.
  const own = Buffer.alloc(32, 'key')
  for (const [spelling, aesKey] of [
    ['base64', own.toString('base64')],
    ['base64 without its end', own.toString('base64').replace('=', '')],
    ['base64 for addresses', own.toString('base64url')],
    ['hex', own.toString('hex')],
    ['hex in capitals', own.toString('hex').toUpperCase()],
  ]) {
    it(`decrypts with the key of the link, in ${spelling}`, async () => {
      const { data } = await get(wecom.media(png, 'a.png', { key: own }), {}, aesKey)
      assert.ok(data.equals(png))
    })
  }

  it('rejects an invalid key of the link', async () => {
    for (const aesKey of ['x', own.toString('hex').slice(2), own.toString('base64').slice(4), '密钥'.repeat(11)]) {
      await assert.rejects(get(wecom.media(png, 'a.png'), {}, aesKey), { name: 'MediaError', code: 'wecom-bot/media-undecryptable' })
    }
    assert.deepEqual([wecom.downloads, pauses], [[], []])
  })

  it('decrypts with the previous key', async () => {
    const keys = [randomBytes(32), key]
    for (let times = 0; times < 20; times++) assert.ok((await get(wecom.media(png, 'a'), { keys })).data.equals(png))
  })

  it('prefers the key that yields a known file type', async () => {
    const ciphertext = encryptMedia(key, png)
    let wrong: Buffer
    do wrong = randomBytes(32)
    while (!opens(wrong, ciphertext))
    const url = await serve((_request, response) => response.end(ciphertext))
    const { data } = await get(url, { keys: [wrong, key], trusted: ['127.0.0.1'] })
    assert.ok(data.equals(png))
  })

  it('rejects a file that no key decrypts', async () => {
    const url = wecom.media(png, 'a.png', { key: own })
    await assert.rejects(get(url), { code: 'wecom-bot/media-undecryptable' })
    await assert.rejects(get(wecom.media(png, 'a.png', { key: false })), { code: 'wecom-bot/media-undecryptable' })
    await assert.rejects(get(wecom.media(png, 'a.png'), {}, own.toString('base64')), { code: 'wecom-bot/media-undecryptable' })
    assert.deepEqual(pauses, [])
  })

  it('takes the name from the headers', async () => {
    const name = '报告 (终稿)+v2 & 100%.pdf'
    for (const disposition of ['form', 'extended', 'both'] as const) {
      assert.equal((await get(wecom.media(png, name, { disposition }))).name, name)
    }
    assert.equal((await get(wecom.media(png, name, { disposition: 'none' }))).name, undefined)
  })

  it('accepts files up to the limit', async () => {
    const limit = 4096
    assert.equal((await get(wecom.media(randomBytes(limit), 'a'), { limit })).data.length, limit)
    await assert.rejects(get(wecom.media(randomBytes(limit + 64), 'a'), { limit }), { code: 'wecom-bot/media-too-large' })
    assert.deepEqual(pauses, [])
  })

  it('stops beyond the limit without a Content-Length', async () => {
    let closed: () => void
    const isClosed = new Promise<void>(resolve => closed = resolve)
    const url = await serve((_request, response) => {
      response.on('close', () => closed())
      const more = () => {
        if (!response.destroyed) response.write(Buffer.alloc(65536), more)
      }
      more()
    })
    await assert.rejects(get(url, { trusted: ['127.0.0.1'] }), { code: 'wecom-bot/media-too-large', message: 'the file is larger than 1 MB' })
    await isClosed
  })

  it('retries if the storage is busy or closes the connection', async () => {
    for (const failure of [{ status: 503 }, { status: 500 }, { reset: true }, { reset: 100 }] as const) {
      pauses.splice(0)
      wecom.downloads.splice(0)
      wecom.fail('media', failure, 2)
      assert.ok((await get(wecom.media(png, 'a.png'))).data.equals(png))
      assert.deepEqual(pauses, [1000, 2000])
      assert.equal(wecom.downloads.length, 3)
    }
  })

  it('gives up after three attempts', async () => {
    wecom.fail('media', { status: 503 }, 3)
    await assert.rejects(get(wecom.media(png, 'a.png')), { code: 'wecom-bot/media-network-failed', message: 'the server answers 503' })
    wecom.fail('media', { reset: true }, 3)
    await assert.rejects(get(wecom.media(png, 'a.png')), { code: 'wecom-bot/media-network-failed', message: /ECONNRESET/ })
  })

  it('does not retry missing or expired files', async () => {
    for (const status of [403, 404, 410]) {
      wecom.fail('media', { status })
      await assert.rejects(get(wecom.media(png, 'a.png')), { code: 'wecom-bot/media-unavailable', message: `the server answers ${status}` })
    }
    assert.deepEqual(pauses, [])
  })

  it('stops a download that trickles', async () => {
    let closed: () => void
    const isClosed = new Promise<void>(resolve => closed = resolve)
    let reach: () => void
    const reached = new Promise<void>(resolve => reach = resolve)
    const url = await serve((_request, response) => {
      response.on('close', () => closed())
      response.write('one', () => setTimeout(reach, 20))
    })
    const reading = assert.rejects(get(url, { trusted: ['127.0.0.1'] }), {
      code: 'wecom-bot/media-timed-out', message: 'the download takes too long',
    })
    await reached
    for (const end of ends) end()
    await reading
    await isClosed
    assert.deepEqual([pauses, ends.size], [[], 0])
  })

  it('retries if no response begins', async () => {
    let requests = 0
    const url = await serve((request) => {
      requests++
      request.socket.write('HTTP/1.1 200 OK\r\n', () => setTimeout(() => {
        for (const end of ends) end()
      }, 20))
    })
    await assert.rejects(get(url, { trusted: ['127.0.0.1'] }), { code: 'wecom-bot/media-network-failed', message: 'the file cannot be loaded' })
    assert.deepEqual([requests, pauses, ends.size], [3, [1000, 2000], 0])
  })

  it('leaves no timer', async () => {
    await get(wecom.media(png, 'a.png'))
    await assert.rejects(get(wecom.media(png, 'a.png'), { limit: 10 }))
    wecom.fail('media', { reset: 100 })
    await get(wecom.media(png, 'a.png'))
    assert.equal(ends.size, 0)
  })

  it('stops when aborted', async () => {
    const closed = new AbortController()
    const url = await serve(() => closed.abort())
    await assert.rejects(get(url, { trusted: ['127.0.0.1'], signal: closed.signal }), { code: 'wecom-bot/media-network-failed' })
    assert.deepEqual(pauses, [])
  })

  it('rejects private addresses', async () => {
    const { port } = new URL(wecom.origin)
    const media = new URL(wecom.media(png, 'a.png'))
    const hosts = ['127.0.0.1', '[::1]', 'localhost', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', '0.0.0.0']
    for (const host of hosts) {
      const url = `http://${host}:${port}${media.pathname}${media.search}`
      await assert.rejects(get(url, { trusted: ['example.com', `127.0.0.1:${+port + 1}`] }), { code: 'wecom-bot/media-private-address' }, host)
    }
    assert.deepEqual([wecom.downloads, pauses], [[], []])
  })

  it('accepts trusted private addresses, with their port or any', async () => {
    const { host, hostname, port } = new URL(wecom.origin)
    for (const trusted of [[host], [hostname]]) assert.ok(await get(wecom.media(png, 'a.png'), { trusted }))
    const named = wecom.media(png, 'a.png').replace(hostname, 'localhost')
    assert.ok(await get(named, { trusted: [`localhost:${port}`] }))
    await assert.rejects(get(named, { trusted: [host] }), { code: 'wecom-bot/media-private-address' })
  })

  it('resolves the name once', async () => {
    let looks = 0
    const url = wecom.media(png, 'a.png').replace('127.0.0.1', 'storage.example.com')
    const { data } = await get(url, {
      trusted: ['storage.example.com'],
      resolve: (_name, _options, callback) => {
        looks++
        callback(null, [{ address: '127.0.0.1', family: 4 }])
      },
    })
    assert.ok(data.equals(png))
    assert.equal(looks, 1)
  })

  it('follows redirects, and checks their target', async () => {
    const target = wecom.media(png, 'a.png')
    wecom.fail('media', { status: 302, headers: { location: target } })
    assert.ok((await get(wecom.media(png, 'a.png'))).data.equals(png))
    wecom.fail('media', { status: 307, headers: { location: new URL(target).pathname + new URL(target).search } })
    assert.ok((await get(wecom.media(png, 'a.png'))).data.equals(png))

    const inside = await serve((_request, response) => response.end('secret'))
    for (const location of [inside, inside.replace('127.0.0.1', 'localhost'), 'http://169.254.169.254/latest/meta-data']) {
      wecom.fail('media', { status: 302, headers: { location } })
      await assert.rejects(get(wecom.media(png, 'a.png')), { code: 'wecom-bot/media-private-address' })
    }
    for (const location of ['file:///etc/passwd', 'ftp://example.com/', 'http://']) {
      wecom.fail('media', { status: 302, headers: { location } })
      await assert.rejects(get(wecom.media(png, 'a.png')), { code: 'wecom-bot/media-unavailable' })
    }
    assert.deepEqual(pauses, [])
  })

  it('follows at most three redirects', async () => {
    let requests = 0
    const url = await serve((_request, response) => response.writeHead(302, { location: `/${++requests}` }).end())
    await assert.rejects(get(url, { trusted: ['127.0.0.1'] }), { code: 'wecom-bot/media-unavailable', message: 'too many redirects' })
    assert.equal(requests, 4)
  })

  it('rejects URLs that are not HTTP', async () => {
    for (const url of ['file:///etc/passwd', 'ftp://example.com/a', 'javascript:1', 'a', '', 'http://']) {
      await assert.rejects(get(url), { name: 'MediaError', code: 'wecom-bot/media-unavailable' }, url)
    }
    assert.deepEqual(pauses, [])
  })

  it('does not quote the link in errors', async () => {
    const failures = [[{ status: 503 }, 3], [{ status: 404 }, 1], [{ reset: true }, 3], [{ reset: 10 }, 3]] as const
    for (const [failure, times] of failures) {
      wecom.fail('media', failure, times)
      const url = wecom.media(png, 'a.png')
      const error = await get(url).then(() => assert.fail(), (error: MediaError) => error)
      assert.ok(!/127|sign|media\//.test(`${error.message} ${error.cause ?? ''}`), error.message)
    }
  })

  it('downloads plain files unchanged', async () => {
    const url = wecom.media(png, '图.png', { key: false })
    const { data, name, type } = await fetchFile(url, { limit: 1 << 20, clock, trusted })
    assert.ok(data.equals(png))
    assert.deepEqual([name, type], ['图.png', 'image/png'])
    await assert.rejects(fetchFile(wecom.origin, { limit: 100, clock, trusted: [] }), { code: 'wecom-bot/media-private-address' })
  })
})

/** Whether decrypting with this key yields valid padding. */
function opens(key: Buffer, ciphertext: Buffer) {
  try {
    return detectFileType(decryptMedia(key, ciphertext)) === undefined
  } catch {
    return false
  }
}

describe('file type', () => {
  for (const [head, type] of [
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF89a', 'image/gif'],
    ['RIFF\0\0\0\0WEBP', 'image/webp'],
    ['%PDF-1.7', 'application/pdf'],
    ['PK\x03\x04', 'application/zip'],
    ['#!AMR\n', 'audio/amr'],
    ['\0\0\0\x18ftypmp42', 'video/mp4'],
    ['\0\0\0\x14ftypqt  ', 'video/quicktime'],
    ['', 'application/octet-stream'],
    ['<html>', 'application/octet-stream'],
  ]) {
    it(`that begins with ${JSON.stringify(head)} is ${type}`, () => {
      assert.equal(toMedia({ data: Buffer.from(head, 'latin1') }).type, type)
    })
  }
})

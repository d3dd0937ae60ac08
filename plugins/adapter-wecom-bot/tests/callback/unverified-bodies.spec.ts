import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import type { IncomingMessage } from 'node:http'
import { FakeClock, slowness } from 'common/testing'
import { UnverifiedBodies, readBody } from '../../src/callback/body'
import { createCallback } from '../../src/callback/handler'
import { CallbackStats } from '../../src/callback/status'
import { createCredentials } from '../../src/callback/credentials'
import { signedParameters } from '../../src/callback/verify'
import { RecentlySeen } from '../../src/util/recently-seen'
import { encodingAESKey, token } from '../support/world'

const MB = 1 << 20

describe('unverified bodies', () => {
  /** Everything that could make a body of 1 MiB expensive. */
  const hostile: Record<string, (size: number) => string> = {
    brackets: size => '{"encrypt":' + '['.repeat(size),
    'nested objects': size => '{"encrypt":' + '{"a":'.repeat(size / 5),
    'brackets and braces': size => '{"encrypt":' + '[{"":'.repeat(size / 5),
    'closed brackets': size => '{"x":' + '['.repeat(size / 2) + ']'.repeat(size / 2) + ',"encrypt":"eA=="}',
    escapes: size => '{"encrypt":"' + '\\u0041'.repeat(size / 6) + '"}',
    backslashes: size => '{"encrypt":"' + '\\'.repeat(size) + '"}',
    quotes: size => '{"encrypt":' + '"'.repeat(size),
    'escaped quotes': size => '{"encrypt":"' + '\\"'.repeat(size / 2),
    members: size => '{' + '"a":1,'.repeat(size / 6),
    blanks: size => ' '.repeat(size),
    'blanks in the object': size => '{' + ' '.repeat(size),
    digits: size => '{"encrypt":' + '1'.repeat(size),
    'an array of numbers': size => '[' + '1,'.repeat(size / 2),
    'a ciphertext': size => '{"encrypt":"' + 'A'.repeat(size) + '"}',
    'wide characters': size => '{"encrypt":"' + '企'.repeat(size / 3) + '"}',
    'nested XML': size => '<xml>'.repeat(size / 5),
    'XML tags': size => '<xml>' + '<a/>'.repeat(size / 4),
    'XML entities': size => '<xml><Encrypt>' + '&amp;'.repeat(size / 5) + '</Encrypt></xml>',
    CDATA: size => '<xml><Encrypt>' + '<![CDATA[a]]>'.repeat(size / 13) + '</Encrypt></xml>',
    'open CDATA': size => '<xml>' + '<![CDATA['.repeat(size / 9),
    'XML attributes': size => '<xml ' + 'a="b" '.repeat(size / 6) + '>',
    'angle brackets': size => '<'.repeat(size),
  }

  const clock = new FakeClock()
  const bots = ['a', 'b', 'c'].map(name => ({
    credentials: createCredentials({ token: token + name, encodingAESKey, receiveId: '' }),
    freshness: 300_000,
    verified: assert.fail,
    accept: assert.fail,
  }))
  const refused: string[] = []
  const callback = createCallback({
    bots: bots as never,
    replays: new RecentlySeen(clock, 0),
    clock,
    log: { refused: ({ reason }: { reason: string }) => void refused.push(reason), failed: assert.fail } as never,
    stats: new CallbackStats(),
  })
  const querystring = `timestamp=${clock.now() / 1000}&nonce=n&msg_signature=${'0'.repeat(40)}`

  /** CPU milliseconds that one request takes. */
  async function cost(body: string) {
    const before = process.cpuUsage()
    const exchange = { req: { readableEnded: true, headers: {} }, request: { body }, method: 'POST', path: '/', querystring, set() {} }
    await callback(exchange as never)
    const { user, system } = process.cpuUsage(before)
    assert.ok([400, 403, 413].includes((exchange as never as { status: number }).status))
    return (user + system) / 1000
  }

  for (const [name, make] of Object.entries(hostile)) {
    for (const size of [MB - 64, 126 * 1024]) {
      it(`cost at most 15 ms of CPU: ${Math.round(size / 1024)} KiB of ${name}`, async () => {
        const body = make(size)
        let least = Infinity
        for (let trial = 0; trial < 5; trial++) least = Math.min(least, await cost(body))
        for (let trial = 0; trial < 5 && least > 15; trial++) least = Math.min(least, await cost(body) / slowness())
        assert.ok(least <= 15, `${least} ms`)
      })
    }
  }

  function request() {
    return Object.assign(new PassThrough(), { headers: {} }) as PassThrough & IncomingMessage
  }

  it('take a bounded amount of memory: the oldest is cut off first', async () => {
    const bodies = new UnverifiedBodies(1000)
    const requests = Array.from({ length: 4 }, request)
    const results = requests.map(request => Promise.resolve(readBody(request, undefined, clock, bodies)))
    const settled = Promise.allSettled(results)
    for (const request of requests) request.write('x'.repeat(300))
    await new Promise(setImmediate)
    await assert.rejects(results[0], { reason: 'slow', status: 408 })
    requests[1].write('y'.repeat(300))
    await new Promise(setImmediate)
    await assert.rejects(results[1], { reason: 'slow' })
    for (const request of requests) request.end('z')
    const [, , third, fourth] = await settled
    assert.deepEqual([third, fourth].map(({ status }) => status), ['fulfilled', 'fulfilled'])
  })

  it('give the memory back when they are complete, refused or broken off', async () => {
    const bodies = new UnverifiedBodies(1000)
    for (let round = 0; round < 10; round++) {
      const complete = request()
      const text = readBody(complete, undefined, clock, bodies)
      complete.end('x'.repeat(600))
      assert.equal((await text).length, 600)
      const broken = request()
      const lost = Promise.resolve(readBody(broken, undefined, clock, bodies))
      broken.write('x'.repeat(600))
      await new Promise(setImmediate)
      broken.destroy(new Error('reset'))
      await assert.rejects(lost, { reason: 'malformed' })
    }
  })

  it('are read no further once they are too large', async () => {
    const large = request()
    const result = Promise.resolve(readBody(large, undefined, clock, new UnverifiedBodies(16 * MB)))
    const rejected = assert.rejects(result, { reason: 'size', status: 413 })
    for (let count = 0; count < 20; count++) large.write('x'.repeat(100 * 1024))
    await rejected
  })
})

describe('the parameters of a signature', () => {
  const valid = { msg_signature: 'A'.repeat(40), timestamp: '1700000000', nonce: '1234567890' }

  it('are taken in WeCom\'s form', () => {
    for (const nonce of ['1', 'a-b_C', 'x'.repeat(64)]) {
      assert.deepEqual(signedParameters({ ...valid, nonce }), { signature: 'a'.repeat(40), timestamp: '1700000000', nonce })
    }
  })

  for (const [name, values] of Object.entries({
    nonce: ['', 'a'.repeat(65), 'a b', 'a+b', 'a/b', 'a=', 'a.b', '企', 'a\n', ['a', 'b'], undefined],
    timestamp: ['', ['1', '2'], undefined],
    msg_signature: ['', undefined, ['a', 'b']],
  })) {
    it(`are refused if ${name} has another form`, () => {
      for (const value of values) {
        assert.throws(() => signedParameters({ ...valid, [name]: value }), { reason: 'malformed', status: 400 }, String(value))
      }
    })
  }

  it('are refused if the timestamp is no number of seconds', () => {
    for (const timestamp of ['-1', '1.5', '1e9', ' 1', '1\n', '١', '1'.repeat(17), 'now', '0x1', '+1']) {
      assert.throws(() => signedParameters({ ...valid, timestamp }), { reason: 'clock', status: 403 }, timestamp)
    }
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import { createCallback } from '../../src/callback/handler'
import { CallbackStats } from '../../src/callback/status'
import { RecentlySeen } from '../../src/util/recently-seen'
import { FakeClock } from 'common/testing'

describe('readBody', () => {
  let clock: FakeClock
  let server: Server
  let socket: Socket
  let refused: string[]
  let arrived: Promise<unknown>

  beforeEach(async () => {
    clock = new FakeClock()
    refused = []
    const log = { refused: ({ reason }: { reason: string }) => void refused.push(reason), failed: assert.fail }
    const callback = createCallback({
      bots: [],
      replays: new RecentlySeen(clock, 0),
      clock,
      log: log as never,
      stats: new CallbackStats(),
    })
    server = createServer(async (req, res) => {
      const exchange = {
        req,
        res,
        method: 'POST',
        path: '/',
        querystring: 'timestamp=1',
        set: (name: string, value: string) => res.setHeader(name, value),
      } as unknown as Parameters<typeof callback>[0]
      await callback(exchange)
      res.statusCode = exchange.status
      res.end(exchange.body)
    }).listen(0, '127.0.0.1')
    arrived = once(server, 'request')
    await once(server, 'listening')
    socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  })

  afterEach(() => {
    socket.destroy()
    server.close()
  })

  async function send(body: string) {
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n${body}`)
    await arrived
  }

  for (const body of ['', '{"encrypt":"']) {
    it(`waits ten seconds and no longer after ${body.length} bytes`, async () => {
      await send(body)
      let text = ''
      socket.on('data', chunk => text += chunk)
      await clock.advance(9999)
      assert.deepEqual(refused, [])
      await clock.advance(1)
      await once(socket, 'close')
      assert.match(text, /^HTTP\/1\.1 408 [^]*connection: close[^]*\r\n\r\nbad request$/i)
      assert.deepEqual(refused, ['slow'])
      assert.equal(clock.pending, 0)
    })
  }

  it('stops waiting when the sender disconnects', async () => {
    await send('{')
    socket.destroy()
    while (!refused.length) await new Promise(setImmediate)
    assert.deepEqual(refused, ['malformed'])
    assert.equal(clock.pending, 0)
  })

  it('leaves no timer if the body arrives', async () => {
    await send('x'.repeat(60))
    await clock.advance(9000)
    socket.write('x'.repeat(40))
    const [reply] = await once(socket, 'data') as [Buffer]
    assert.match(reply.toString(), /^HTTP\/1\.1 400 /)
    assert.deepEqual(refused, ['malformed'])
    assert.equal(clock.pending, 0)
  })
})

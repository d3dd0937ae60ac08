import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Reply, WecomClient } from 'testkit'
import { decodeKey, decrypt } from 'testkit'
import { until } from 'common/testing'
import type WecomBot from '../../src'
import type { World } from '../support/world'
import { createWorld, encodingAESKey, path } from '../support/world'

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

describe('a connection', () => {
  let world: World
  let client: WecomClient
  let bot: WecomBot
  let dispose: () => Promise<void>
  let answer: () => unknown

  before(async () => {
    world = await createWorld()
    world.app.middleware(() => answer() as never)
  })

  after(() => world.close())

  beforeEach(() => {
    answer = () => 'hello'
    ;({ bot, dispose } = world.add({ botId: 'MINE', receiveId: 'wwCORPIDCORPID00', firstReply: 10, unclaimed: 3000 }))
    client = world.client({ botId: 'MINE', receiveId: 'wwCORPIDCORPID00' })
    world.log.lines.splice(0)
  })

  afterEach(() => dispose())

  function sealed(content: string) {
    const encrypt = client.encrypt(JSON.stringify(client.text(content)))
    return { url: client.sign(encrypt).url, body: JSON.stringify({ encrypt }) }
  }

  /** Lets the answer come when its stream is open, and waits until it is complete. */
  async function answerAfterFirstFrame(text: string) {
    let release = () => {}
    answer = () => new Promise(resolve => release = () => resolve(text))
    const { reply } = await client.post(client.text('hi'))
    assert.equal(reply!.stream!.finish, false)
    release()
    await until(() => !bot.services.concurrency.size)
    return reply!.stream!
  }

  it('carries the receive id in both directions', async () => {
    const { reply } = await client.post(client.text('hi'))
    assert.equal(reply!.stream!.content, 'hello')
    assert.equal((await client.verify()).ok, true)
    assert.equal((await client.post(client.text('hi'), { receiveId: '' })).status, 403)
  })

  it('is refused with messages, polls and events of another bot', async () => {
    const { text, stream, event } = {
      text: client.text('hi', { botId: 'OTHER' }),
      stream: client.stream('S', { botId: 'OTHER' }),
      event: client.event('enter_chat', undefined, { botId: 'OTHER' }),
    }
    for (const payload of [text, stream, event]) {
      const { status, raw } = await client.post(payload)
      assert.deepEqual([status, raw], [403, 'forbidden'])
    }
    assert.equal(world.log.warnings.filter(line => line.includes('foreign-bot')).length, 3)
  })

  it('shows a stream to its owner only', async () => {
    const { id } = await answerAfterFirstFrame('secret')
    for (const stranger of [{ userId: 'OTHER' }, { chatId: 'CHATID' }]) {
      const { stream } = (await client.poll(id, stranger)).reply!
      assert.equal(stream!.finish, true)
      assert.ok(!stream!.content!.includes('secret') && stream!.content!.trim())
    }
    assert.equal((await client.poll(id)).reply!.stream!.content, 'secret')
  })

  it('gets a final notice for an unknown stream', async () => {
    const { stream } = (await client.poll('unknown')).reply!
    assert.equal(stream!.finish, true)
    assert.ok(stream!.content!.trim())
  })

  it('accepts a declined message when it is repeated, and refuses it afterwards', async () => {
    await dispose()
    const added = world.add({ botId: 'MINE', receiveId: 'wwCORPIDCORPID00', firstReply: 10, maxUserTurns: 1 })
    dispose = added.dispose
    let release!: () => void
    answer = () => new Promise(resolve => release = () => resolve('first'))
    await client.post(client.text('one'))
    const { url, body } = sealed('two')
    const send = async () => {
      const response = await fetch(url, { method: 'POST', body })
      if (response.status !== 200) return response.status
      const { encrypt } = await response.json() as { encrypt: string }
      return (JSON.parse(decrypt(decodeKey(encodingAESKey), encrypt).message) as Reply).stream!.content
    }
    assert.match(String(await send()), /太多/)
    release()
    while (added.bot.services.concurrency.size) await new Promise(setImmediate)
    answer = () => 'second'
    assert.equal(await send(), 'second')
    answer = () => 'third'
    assert.equal(await send(), 'second')
  })

  it('is not logged as a bug if it breaks in the middle of a body', async () => {
    const { url, body } = sealed('hi')
    for (const length of [0, 1, body.length - 1]) {
      const upload = request(url, { method: 'POST', headers: { 'content-length': body.length } })
      upload.on('error', () => {})
      upload.write(body.slice(0, length))
      await pause(20)
      upload.destroy()
    }
    await pause(20)
    assert.ok(!/error/.test(world.log.lines.map(line => line.split(' ')[0]).join()), world.log.text)
    assert.equal((await client.post(client.text('hi'))).status, 200)
  })

  it('is refused before it sends a body that it announces as too large', async () => {
    const { url } = sealed('hi')
    const upload = request(url, { method: 'POST', headers: { 'content-length': 2 << 20 } })
    upload.on('error', () => {})
    upload.flushHeaders()
    const [response] = await once(upload, 'response')
    assert.equal(response.statusCode, 413)
    upload.destroy()
  })

  it('is refused and closed when an unannounced body is too large', async () => {
    const { url } = sealed('hi')
    const upload = request(url, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
    upload.on('error', () => {})
    for (let count = 0; count < 20; count++) upload.write(Buffer.alloc(1 << 16, 0x20))
    const [response] = await once(upload, 'response')
    assert.equal(response.statusCode, 413)
    assert.equal(response.headers.connection, 'close')
    upload.destroy()
  })

  it('does no harm if it does not carry HTTP', async () => {
    for (const bytes of ['\x16\x03\x01', 'GET\r\n\r\n', `POST ${path} HTTP/1.1\r\nContent-Length: x\r\n\r\n`]) {
      const { port } = new URL(world.origin)
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => {}).resume()
      socket.end(bytes)
      await once(socket, 'close')
    }
    assert.equal((await client.post(client.text('hi'))).status, 200)
  })

  it('distinguishes a path from its prefix', async () => {
    for (const other of [`${path}/x`, '/api/wecom', '/']) {
      const response = await fetch(world.origin + other)
      assert.equal(response.status, 404, other)
      await response.text()
    }
  })

  it('that breaks before the final frame arrived leaves the frame to the next poll', async () => {
    const { id } = await answerAfterFirstFrame('x'.repeat(15_000))
    const { url, body } = (() => {
      const encrypt = client.encrypt(JSON.stringify(client.stream(id)))
      return { url: client.sign(encrypt).url, body: JSON.stringify({ encrypt }) }
    })()
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    socket.resetAndDestroy()
    await pause(20)
    const { stream } = (await client.poll(id)).reply!
    assert.deepEqual([stream!.finish, stream!.content!.length], [true, 15_000])
  })
})

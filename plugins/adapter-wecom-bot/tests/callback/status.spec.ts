import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { CallbackStats, isAllowed, metrics, report } from '../../src/callback/status'
import type { World } from '../support/world'
import { createWorld, path } from '../support/world'

describe('callback status', () => {
  it('is readable from this machine, or with the token', () => {
    for (const address of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) {
      assert.equal(isAllowed({ address, headers: {} }), true)
    }
    for (const address of [undefined, '', '10.0.0.1', '::ffff:10.0.0.1', '1127.0.0.1', '::12', 'localhost']) {
      assert.equal(isAllowed({ address, headers: {} }), false)
      assert.equal(isAllowed({ address, headers: { authorization: 'Bearer right' } }, 'right'), true)
      for (const authorization of ['Bearer wrong', 'Bearer ', 'right', 'Basic right', 'Bearer right ', '']) {
        assert.equal(isAllowed({ address, headers: { authorization } }, 'right'), false)
        assert.equal(isAllowed({ address, headers: { authorization } }), false)
      }
      assert.equal(isAllowed({ address, headers: { authorization: 'Bearer ' } }, ''), false)
    }
  })

  it('is not readable through a proxy on this machine', () => {
    for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via', 'x-forwarded-host', 'x-forwarded-proto']) {
      assert.equal(isAllowed({ address: '127.0.0.1', headers: { [name]: '127.0.0.1' } }), false)
    }
  })

  it('is not readable through a proxy without headers, by its host or HTTP version', () => {
    const address = '127.0.0.1'
    for (const host of ['127.0.0.1', '127.0.0.1:5140', 'localhost:5140', 'LOCALHOST', '[::1]:5140']) {
      assert.equal(isAllowed({ address, headers: { host }, httpVersion: '1.1' }), true, host)
      assert.equal(isAllowed({ address, headers: { host }, httpVersion: '1.0' }), false, host)
    }
    for (const host of ['', 'bot.example.com', '10.0.0.1:5140', '127.0.0.1.example.com', 'localhost.example.com', '[::2]']) {
      assert.equal(isAllowed({ address, headers: { host } }), false, host)
      assert.equal(isAllowed({ address, headers: { host, authorization: 'Bearer right' } }, 'right'), true)
    }
  })

  it('is reported as JSON and for Prometheus', () => {
    const tally = new CallbackStats()
    const bots = [{ selfId: 'a"\\\nb', answering: 1, turns: 2, queued: 3 }]
    assert.deepEqual(report(tally, bots), { lastVerified: null, lastRefused: null, bots })
    tally.accepted(1000)
    tally.refused('clock', 2000)
    tally.refused('clock', 3000)
    assert.deepEqual(report(tally, bots), {
      lastVerified: '1970-01-01T00:00:01.000Z',
      lastRefused: { at: '1970-01-01T00:00:03.000Z', reason: 'clock' },
      bots,
    })
    const lines = metrics(tally, bots).split('\n')
    for (const line of [
      'wecom_bot_callbacks_verified_total 1',
      'wecom_bot_callbacks_refused_total{reason="clock"} 2',
      'wecom_bot_last_verified_timestamp_seconds 1',
      'wecom_bot_turns_answering{bot="a\\"\\\\\\nb"} 1',
    ]) assert.ok(lines.includes(line), line)
    assert.equal(lines.at(-1), '')
  })
})

describe('callback status over HTTP', () => {
  let world: World

  before(async () => {
    world = await createWorld()
    world.app.middleware(() => 'hello')
    world.add({ healthToken: 'health-token' })
  })

  after(() => world.close())

  async function get(name: string, headers: Record<string, string> = {}) {
    const response = await fetch(`${world.origin}${path}/${name}`, { headers })
    return { status: response.status, body: await response.text() }
  }

  it('counts callbacks, and contains no secret', async () => {
    const client = world.client()
    await client.post(client.text('hi'))
    await client.post(client.text('hi'), { token: 'wrong' })
    const { status, body } = await get('health')
    assert.equal(status, 200)
    const { lastVerified, lastRefused, bots } = JSON.parse(body)
    assert.ok(Date.parse(lastVerified) && lastRefused.reason === 'signature')
    assert.deepEqual(bots, [{ selfId: 'wecom-bot', answering: 0, turns: 1, queued: 0 }])
    const { body: text } = await get('metrics')
    assert.match(text, /^wecom_bot_callbacks_refused_total\{reason="signature"\} 1$/m)
  })

  it('is not readable through a proxy without headers', async () => {
    for (const head of ['HTTP/1.0\r\nHost: 127.0.0.1', 'HTTP/1.1\r\nHost: bot.example.com']) {
      const socket = connect(Number(new URL(world.origin).port), '127.0.0.1')
      socket.write(`GET ${path}/health ${head}\r\nConnection: close\r\n\r\n`)
      assert.match(await text(socket), /^HTTP\/1.1 403 .*\r\n\r\nforbidden$/s)
    }
  })

  it('is not readable from other machines', async () => {
    for (const name of ['health', 'metrics']) {
      const forwarded = { 'x-forwarded-for': '203.0.113.7' }
      assert.deepEqual(await get(name, forwarded), { status: 403, body: 'forbidden' })
      assert.equal((await get(name, { ...forwarded, authorization: 'Bearer health-token' })).status, 200)
    }
  })
})

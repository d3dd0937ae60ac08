import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { CallbackStats, isAllowed, metrics, report } from '../../src/callback/status'
import type { World } from '../support/world'
import { createWorld, path } from '../support/world'

describe('callback status', () => {
  it('is readable with the token', () => {
    assert.equal(isAllowed({ headers: { authorization: 'Bearer right' } }, 'right'), true)
    for (const authorization of ['Bearer wrong', 'Bearer ', 'right', 'Basic right', 'Bearer right ', 'bearer right', '']) {
      assert.equal(isAllowed({ headers: { authorization } }, 'right'), false, authorization)
      assert.equal(isAllowed({ headers: { authorization } }), false, authorization)
    }
    for (const token of ['', undefined]) {
      for (const authorization of ['Bearer ', 'Bearer undefined', undefined]) {
        assert.equal(isAllowed({ headers: { authorization } }, token), false)
      }
    }
  })

  it('is not readable for any other header, as proxies and tunnels can send every one', () => {
    for (const headers of [
      {}, { host: '127.0.0.1' }, { host: 'localhost:5140', 'x-forwarded-for': '127.0.0.1' }, { 'x-real-ip': '::1' },
      { forwarded: 'for=127.0.0.1' }, { via: '1.1 localhost' }, { 'x-health-token': 'right' }, { cookie: 'token=right' },
    ]) assert.equal(isAllowed({ headers }, 'right'), false)
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
    assert.doesNotMatch(lines.join('\n'), /shared_state|wecom_bot_instances/)
  })

  it('says how many instances see each other, and whether they do at present', () => {
    for (const isDegraded of [false, true]) {
      const bots = [{ selfId: 'bot', answering: 0, turns: 0, queued: 0, shared: { isDegraded, instances: 3 } }]
      assert.deepEqual(report(new CallbackStats(), bots), { lastVerified: null, lastRefused: null, bots })
      const text = metrics(new CallbackStats(), bots)
      assert.match(text, new RegExp(`^wecom_bot_shared_state_up\\{bot="bot"\\} ${Number(!isDegraded)}$`, 'm'))
      assert.match(text, /^wecom_bot_instances\{bot="bot"\} 3$/m)
    }
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
    const authorization = 'Bearer health-token'
    const { status, body } = await get('health', { authorization })
    assert.equal(status, 200)
    const { lastVerified, lastRefused, bots } = JSON.parse(body)
    assert.ok(Date.parse(lastVerified) && lastRefused.reason === 'signature')
    assert.deepEqual(bots, [{ selfId: 'wecom-bot', answering: 0, turns: 1, queued: 0 }])
    const { body: text } = await get('metrics', { authorization })
    assert.match(text, /^wecom_bot_callbacks_refused_total\{reason="signature"\} 1$/m)
  })

  it('is told to the page of assistant-status, without a secret', async () => {
    const client = world.client()
    await client.post(client.text('hi'))
    await client.post(client.text('hi'), { token: 'wrong' })
    const parts: { lastVerified?: number, lastRefused?: { reason: string }, refusals?: Record<string, number> }[] = []
    world.app.emit('assistant-status/now', parts)
    const [{ lastVerified, lastRefused, refusals, ...part }] = parts
    assert.ok(lastVerified && lastRefused?.reason === 'signature' && refusals?.signature)
    const { bots, ...known } = part as { bots?: { selfId: string }[] }
    assert.deepEqual(known, { source: 'wecom-callback', path })
    assert.deepEqual(bots?.map(({ selfId }) => selfId), ['wecom-bot'])
  })

  it('is not readable without the token, directly from this machine or through a proxy', async () => {
    for (const name of ['health', 'metrics']) {
      for (const head of [
        'HTTP/1.1\r\nHost: 127.0.0.1', 'HTTP/1.1\r\nHost: localhost', 'HTTP/1.0\r\nHost: 127.0.0.1', 'HTTP/1.0',
        'HTTP/1.1\r\nHost: bot.example.com', 'HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1',
        'HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer wrong',
      ]) {
        const socket = connect(Number(new URL(world.origin).port), '127.0.0.1')
        socket.write(`GET ${path}/${name} ${head}\r\nConnection: close\r\n\r\n`)
        assert.match(await text(socket), /^HTTP\/1.1 403 .*\r\n\r\nforbidden$/s)
      }
      const forwarded = { 'x-forwarded-for': '203.0.113.7' }
      assert.deepEqual(await get(name, forwarded), { status: 403, body: 'forbidden' })
      assert.equal((await get(name, { ...forwarded, authorization: 'Bearer health-token' })).status, 200)
    }
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket as NetSocket } from 'node:net'
import { FakeClock } from 'common/testing'
import type { GatewayOptions } from 'testkit'
import { WecomGateway } from 'testkit'
import { WebSocket, WebSocketServer } from 'ws'
import type { Taker } from '../../src/instances/connection-lease'
import type { Payload } from '../../src/protocol/payload'
import type { ConnectionState, Socket } from '../../src/websocket/connection'
import { Connection } from '../../src/websocket/connection'
import { reportConnection } from '../../src/websocket/connection-report'
import { ReconnectPolicy } from '../../src/websocket/reconnect-policy'

const MINUTE = 60_000

describe('the long connection', () => {
  const cleanup: (() => unknown)[] = []
  let clock: FakeClock
  let gateway: WecomGateway

  beforeEach(async () => {
    clock = new FakeClock()
  })

  afterEach(async () => {
    for (const close of cleanup.splice(0).reverse()) await close()
  })

  async function startGateway(options: GatewayOptions = {}) {
    gateway = await WecomGateway.create({ clock, ...options })
    cleanup.push(() => gateway.close())
    return gateway
  }

  function open(url: string, secret = 'SECRET', taker?: Taker) {
    const states: ConnectionState[] = []
    const received: [Payload, string][] = []
    const ignored: string[] = []
    let waiting: (() => void)[] = []
    const connection = new Connection({
      botId: 'AIBOTID',
      secret,
      dial: () => new WebSocket(url) as Socket,
      clock,
      policy: new ReconnectPolicy(() => 0.5, clock),
      ...taker && { taker: () => taker },
      received: (...frame) => {
        received.push(frame)
        wake()
      },
      changed: (state) => {
        states.push(state)
        wake()
      },
      ignored: (reason) => {
        ignored.push(reason)
        wake()
      },
    })
    function wake() {
      for (const check of waiting.splice(0)) check()
    }
    const until = async (isMet: () => boolean) => {
      while (!isMet()) await new Promise<void>(resolve => waiting.push(resolve))
    }
    const reach = (name: ConnectionState['name']) => until(() => connection.state.name === name)
    cleanup.push(() => {
      connection.stop()
      waiting = []
    })
    connection.start()
    return { connection, states, received, ignored, until, reach }
  }

  const reasonOf = ({ state }: Connection) => 'reason' in state ? state.reason : undefined
  const markdown = (content: string) => ({ chatid: 'USERID', chat_type: 1, msgtype: 'markdown', markdown: { content } })

  it('subscribes, pings every 30 seconds, and receives messages', async () => {
    await startGateway()
    const { connection, states, received, reach, until } = open(gateway.url)
    await reach('ready')
    assert.deepEqual(states.map(({ name }) => name), ['connecting', 'subscribing', 'ready'])
    for (let count = 1; count <= 10; count++) {
      await clock.advance(30_000)
      await gateway.until(() => gateway.sent('ping').length === count)
    }
    const requestId = gateway.say('hello')
    await until(() => received.length > 0)
    assert.equal(received[0][1], requestId)
    assert.equal(received[0][0].kind, 'message')
    assert.equal(connection.reconnects, 0)
    assert.deepEqual(gateway.violations, [])
  })

  it('sends nothing before the subscription is acknowledged', async () => {
    await startGateway()
    gateway.treat = () => 'no-ack'
    const { connection, reach } = open(gateway.url)
    await reach('subscribing')
    await assert.rejects(connection.request('aibot_send_msg', markdown('hi')), { code: 'wecom-bot/api-unsent' })
    await clock.advance(10_000)
    assert.deepEqual(reasonOf(connection), { name: 'failed', detail: 'the subscription was not acknowledged' })
    assert.deepEqual(gateway.violations, [])
  })

  it('connects again after a break, with growing pauses, for as long as it takes', async () => {
    await startGateway()
    const { connection, reach, until, states } = open(gateway.url)
    await reach('ready')
    gateway.treat = frame => frame.cmd === 'aibot_subscribe' ? 'lose' : undefined
    gateway.disconnect()
    const pauses: number[] = []
    for (let count = 1; count <= 12; count++) {
      await until(() => states.filter(({ name }) => name === 'waiting').length === count)
      const pause = (connection.state as { until: number }).until - clock.now()
      pauses.push(pause)
      await clock.advance(pause)
    }
    assert.deepEqual(pauses.slice(0, 7), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000])
    await until(() => states.filter(({ name }) => name === 'waiting').length === 13)
    gateway.treat = undefined
    await clock.advance(60_000)
    await reach('ready')
    assert.equal(connection.reconnects, 1)
    assert.deepEqual(gateway.violations, [])
  })

  it('finds out that a connection is dead, also one that never answers', async () => {
    await startGateway()
    const { connection, reach } = open(gateway.url)
    await reach('ready')
    gateway.isSilent = true
    await clock.advance(90_000)
    assert.deepEqual(reasonOf(connection), { name: 'failed', detail: 'WeCom has not answered' })
    await clock.advance(1000)
    await reach('subscribing')
    await clock.advance(10_000)
    assert.deepEqual(reasonOf(connection), { name: 'failed', detail: 'the subscription was not acknowledged' })
  })

  it('gives up a handshake without an answer', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    cleanup.push(() => new Promise(resolve => server.close(resolve)))
    const { connection } = open(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [socket] = await once(server, 'connection')
    await clock.advance(15_000)
    assert.deepEqual(reasonOf(connection), { name: 'failed', detail: 'no answer from WeCom' })
    connection.stop()
    socket.destroy()
  })

  it('says why nothing can be reached', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))
    const { connection, reach } = open(`ws://127.0.0.1:${port}`)
    await reach('waiting')
    assert.deepEqual(reasonOf(connection), { name: 'failed', detail: 'ECONNREFUSED' })
    assert.equal(connection.isTrying, true)
  })

  const refusals: [number, number][] = [[40001, 10 * MINUTE], [40013, 10 * MINUTE], [45009, MINUTE], [-1, 1000]]
  for (const [errcode, pause] of refusals) {
    it(`waits ${pause / 1000} s after the subscription is refused with ${errcode}`, async () => {
      await startGateway()
      gateway.treat = () => ({ errcode })
      const { connection, reach } = open(gateway.url)
      await reach('waiting')
      assert.deepEqual(reasonOf(connection), { name: 'refused', errcode })
      assert.equal((connection.state as { until: number }).until - clock.now(), pause)
      gateway.treat = undefined
      await clock.advance(pause)
      await reach('ready')
    })
  }

  it('does not fight for the bot', async () => {
    await startGateway({ keepsReplaced: true })
    const { connection, reach } = open(gateway.url)
    await reach('ready')
    const closed: number[] = []
    for (const pause of [1.5 * MINUTE, 7.5 * MINUTE]) {
      gateway.kick()
      await reach('waiting')
      assert.deepEqual(reasonOf(connection), { name: 'replaced' })
      assert.equal(connection.isTrying, false)
      await clock.advance(pause - 1)
      assert.equal(connection.state.name, 'waiting')
      await clock.advance(1)
      await reach('ready')
      closed.push(gateway.connectionCount)
    }
    gateway.kick()
    await reach('stopped')
    assert.deepEqual(reasonOf(connection), { name: 'replaced' })
    await clock.advance(60 * MINUTE)
    assert.equal(gateway.connectionCount, 3)
    assert.deepEqual(closed, [2, 3])
  })

  it('subscribes again when WeCom has ended the subscription of an open connection', async () => {
    await startGateway()
    const { connection, reach } = open(gateway.url)
    await reach('ready')
    gateway.unsubscribe()
    await assert.rejects(connection.request('aibot_send_msg', markdown('hi')), { code: 'wecom-bot/api-refused', errcode: 846609 })
    assert.deepEqual(reasonOf(connection), { name: 'failed', detail: 'WeCom has ended the subscription' })
    await clock.advance(1000)
    await reach('ready')
    assert.deepEqual(gateway.violations, [])
  })

  it('tells what is known of a frame when the connection breaks', async () => {
    await startGateway()
    const { connection, reach } = open(gateway.url)
    await reach('ready')
    gateway.treat = frame => frame.cmd === 'aibot_send_msg' ? 'break' : undefined
    await assert.rejects(connection.request('aibot_send_msg', markdown('hi')), { code: 'wecom-bot/api-unconfirmed' })
    await assert.rejects(connection.request('aibot_send_msg', markdown('hi')), { code: 'wecom-bot/api-unsent' })
  })

  it('ignores what it does not understand, and reports it once', async () => {
    await startGateway()
    const { connection, reach, ignored, received, until } = open(gateway.url)
    await reach('ready')
    for (const text of ['hello', 'hello', '{"cmd":"aibot_new","headers":{"req_id":"x"}}', '{"headers":{"req_id":"x"},"errcode":0}']) {
      gateway.sendText(text)
    }
    gateway.sendText('{"cmd":"aibot_msg_callback","headers":{"req_id":"R"},"body":{"msgid":"M","aibotid":"AIBOTID",'
      + '"from":{"userid":"U"},"msgtype":"text","text":{"content":"a\tb"}}}')
    await until(() => received.length > 0)
    assert.deepEqual(ignored, ['payload: not JSON', 'an unknown command'])
    assert.equal(connection.isReady, true)
  })

  /** A server that sends several frames in one packet. */
  async function startPacketServer(answer: (frame: { cmd: string, headers: { req_id: string } }) => object[]) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    const sent: string[] = []
    server.on('connection', (socket) => {
      const tcp = (socket as unknown as { _socket: NetSocket })._socket
      socket.on('message', (data) => {
        sent.push(String(data))
        tcp.cork()
        for (const frame of answer(JSON.parse(String(data)) as never)) socket.send(JSON.stringify(frame))
        tcp.uncork()
      })
    })
    cleanup.push(() => {
      for (const socket of server.clients) socket.terminate()
      return new Promise(resolve => server.close(resolve))
    })
    return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, sent }
  }

  const callback = (requestId: string) => ({
    cmd: 'aibot_msg_callback',
    headers: { req_id: requestId },
    body: { msgid: requestId, aibotid: 'AIBOTID', from: { userid: 'U' }, msgtype: 'text', text: { content: 'hello' } },
  })

  it('hands on what came in the same packet as the acknowledgement of its subscription, when it is ready', async () => {
    const { url } = await startPacketServer(({ headers }) => [{ headers, errcode: 0 }, callback('R1'), callback('R2')])
    const { connection, received, until } = open(url)
    let state: string | undefined
    await until(() => {
      state ??= received.length ? connection.state.name : undefined
      return received.length === 2
    })
    assert.equal(state, 'ready')
    assert.deepEqual(received.map(([, requestId]) => requestId), ['R1', 'R2'], 'in order')
  })

  it('hands on what came in the same packet as an acknowledgement after that has taken effect', async () => {
    const { url } = await startPacketServer(({ cmd, headers }) => [
      { headers, errcode: 0 }, ...cmd === 'aibot_send_msg' ? [callback('R')] : [],
    ])
    const { connection, received, until, reach } = open(url)
    await reach('ready')
    await connection.request('aibot_send_msg', markdown('hi'))
    assert.equal(received.length, 0)
    await until(() => received.length === 1)
  })

  it('knows when it was taken from, how often, and by whom as far as that can be known', async () => {
    await startGateway({ keepsReplaced: true })
    for (const [taker, reason, text] of [
      [undefined, { name: 'replaced' }, /企业微信不说明是谁.*WeCom does not say which one/],
      ['outside', { name: 'replaced', by: 'outside' }, /不是共用这个 Redis 的实例.*no instance that shares this Redis/],
      ['instance', { name: 'replaced', by: 'instance' }, /另一个实例.*another instance of this deployment/],
    ] as const) {
      const { connection, reach } = open(gateway.url, 'SECRET', taker)
      await reach('ready')
      assert.equal(reportConnection(connection).replaced, null)
      for (const [times, pause] of [[1, 1.5 * MINUTE], [2, 7.5 * MINUTE]] as const) {
        gateway.kick()
        await reach('waiting')
        assert.deepEqual(reasonOf(connection), reason)
        const { replaced, reason: described } = reportConnection(connection)
        assert.deepEqual(replaced, { times, last: new Date(clock.now()).toISOString(), by: taker ?? 'unknown' })
        assert.match(described!, text)
        await clock.advance(pause)
        await reach('ready')
      }
      assert.equal(reportConnection(connection).replaced!.times, 2, 'it is still known once the connection is back')
      connection.stop()
    }
  })

  it('waits until there is a connection, and not where there will be none soon', async () => {
    await startGateway()
    const { connection, reach } = open(gateway.url)
    assert.equal(await connection.whenReady(Infinity), true)
    gateway.disconnect()
    await reach('waiting')
    const late = connection.whenReady(500)
    await clock.advance(500)
    assert.equal(await late, false)
    const waiting = connection.whenReady(60_000)
    await clock.advance(500)
    assert.equal(await waiting, true)
    gateway.kick()
    await reach('waiting')
    assert.equal(await connection.whenReady(60_000), false)
  })

  it('closes and leaves no timer when it is stopped', async () => {
    await startGateway()
    const { connection, reach } = open(gateway.url)
    await reach('ready')
    connection.stop()
    await gateway.until(() => !gateway.isSubscribed())
    assert.equal(clock.pending, 0)
    await clock.advance(60 * MINUTE)
    assert.equal(gateway.connectionCount, 1)
  })
})

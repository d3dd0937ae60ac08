import assert from 'node:assert/strict'
import { cpuTimeMs } from 'common/testing'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

describe('StreamConnection', () => {
  let rig: Rig

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online()
  }

  afterEach(() => rig.close())

  const connections = () => rig.platform.calls.filter(({ api }) => api === 'open').length

  it('acknowledges callbacks', async () => {
    await start()
    await rig.message()
    const [delivery] = rig.platform.stream.deliveries
    await rig.until(() => delivery.acknowledgedAt !== undefined)
  })

  it('reconnects when DingTalk announces the end of the connection', async () => {
    await start()
    rig.platform.stream.disconnect()
    await rig.until(() => connections() === 2)
    await rig.message()
    assert.deepEqual(rig.warnings, [])
  })

  it('reconnects 30 times in a row without making calls dearer', async function() {
    this.timeout(120_000)
    await start()
    for (let count = 1; count <= 30; count++) {
      rig.platform.stream.disconnect()
      await rig.until(() => connections() === count + 1 && rig.platform.stream.sockets.size === 1, 20)
    }
    const startedAt = cpuTimeMs()
    const { session, endChain } = await rig.turn()
    await session.send('好')
    await endChain()
    assert.ok(cpuTimeMs() - startedAt < 1000)
    assert.deepEqual(rig.texts, ['好'])
    assert.deepEqual(rig.warnings, [])
  })

  it('ignores frames that cannot be read', async () => {
    await start()
    for (const text of ['', '{', 'null', '1', '[]', '{}', '{"type":"CALLBACK"}', '{"headers":null}', '<html>']) {
      rig.platform.stream.sendText(text)
    }
    await rig.message()
    assert.equal(connections(), 1)
    assert.equal(rig.warnings.filter(text => text.includes('cannot be read')).length, 1)
  })

  it('reconnects when a handshake is never answered', async () => {
    await start({ adapter: { retryInterval: 10 } })
    rig.platform.stream.ignoresHandshakes = true
    rig.platform.stream.disconnect()
    await rig.until(() => rig.platform.stream.pending.size === 1)
    await rig.clock.advance(15_000)
    assert.match(rig.warnings[0], /was not accepted within 15 s/)
    rig.platform.stream.ignoresHandshakes = false
    await rig.until(() => rig.platform.stream.sockets.size === 1)
    await rig.until(() => rig.platform.stream.pending.size === 0)
    await rig.message()
  })

  it('reconnects when the request for a ticket is never answered', async () => {
    await start({ adapter: { retryInterval: 10 } })
    rig.platform.fail('open', 'hang')
    rig.platform.stream.disconnect()
    await rig.until(() => connections() === 2)
    await rig.clock.advance(30_000)
    await rig.until(() => connections() === 3)
    await rig.message()
  })

  it('reconnects after too long a silence, and only then', async () => {
    await start({ config: { silence: 600_000 } })
    for (let minute = 0; minute < 30; minute += 5) {
      await rig.platform.stream.ping()
      await rig.clock.advance(300_000)
    }
    assert.equal(connections(), 1)
    await rig.clock.advance(300_000)
    await rig.until(() => connections() === 2)
    assert.match(rig.warnings[0], /nothing came over the Stream connection for 600 s/)
    await rig.message()
  })

  it('measures the silence whichever way the clock is set', async () => {
    await start({ config: { silence: 600_000 } })
    rig.clock.step(3_600_000)
    await rig.clock.advance(599_000)
    assert.equal(connections(), 1)
    rig.clock.step(-7_200_000)
    await rig.clock.advance(1000)
    await rig.until(() => connections() === 2)
    await rig.message()
  })

  it('leaves no timer of the connections before', async () => {
    await start({ config: { silence: 600_000 } })
    const before = rig.clock.pending
    for (let times = 2; times <= 5; times++) {
      await rig.platform.stream.connected()
      rig.platform.stream.disconnect()
      await rig.clock.advance(1000)
      await rig.until(() => connections() === times && rig.app.bots[0].status === 1)
    }
    assert.ok(rig.clock.pending <= before, `${rig.clock.pending} timers`)
  })

  it('never reconnects for silence when that is off', async () => {
    await start({ config: { silence: 0 }, platform: { tokenLife: 1e6 } })
    await rig.clock.advance(86_000_000)
    assert.equal(connections(), 1)
  })

  it('starts the bot again after the adapter has given up, and reports why once', async () => {
    rig = await Rig.start({ adapter: { secret: 'wrong', retryTimes: 0 } })
    await rig.until(() => rig.warnings.length > 0)
    const [bot] = rig.app.bots
    const tokens = () => rig.platform.calls.filter(({ api }) => api === 'token').length
    const before = tokens()
    await rig.until(() => tokens() > before, 5000)
    assert.match(rig.warnings[0], /cannot connect: invalidClientIdOrSecret .*check DINGTALK_CLIENT_ID/)
    Object.assign(bot.config, { secret: rig.platform.appSecret })
    await rig.until(() => bot.status === 1, 5000)
    assert.equal(rig.warnings.length, 1)
    await rig.message()
  })

  it('does nothing after the plugin is disposed', async () => {
    await start({ config: { silence: 600_000 } })
    rig.fork.dispose()
    await rig.clock.advance(600_000)
    const delivery = await rig.platform.say('你好')
    await new Promise(resolve => setTimeout(resolve, 30))
    assert.equal(delivery.acknowledgedAt, undefined)
    assert.equal(connections(), 1)
  })
})

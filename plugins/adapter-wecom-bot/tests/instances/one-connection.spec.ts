import assert from 'node:assert/strict'
import { HTTP } from '@koishijs/plugin-http'
import { until } from 'common/testing'
import { SystemClock } from 'common/time'
import { Context, Universal } from 'koishi'
import { WecomGateway } from 'testkit'
import WecomBot, { Config } from '../../src'
import { shutDown } from '../../src/shutdown'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { Log } from '../support/world'

describe('the long connection of two instances that share state', () => {
  const waiting = '等待持有长连接的实例 / waiting for the instance that holds the connection'
  let clock: SystemClock, backend: MemoryBackend, gateway: WecomGateway, log: Log
  let ends: (() => unknown)[]

  async function start(instance: string) {
    const service = new SharedStateService(backend, { instance, clock, isShared: true })
    const app = new Context()
    app.set('sharedState', service)
    app.plugin(HTTP)
    const fork = app.plugin(WecomBot, Config({ botId: 'AIBOTID', botSecret: 'SECRET', wsUrl: gateway.url } as Config))
    app.middleware(session => session.content === 'who' ? instance : undefined)
    ends.push(() => service.dispose(), () => app.stop(), () => fork.dispose())
    await app.start()
    const bot = app.bots.find(({ platform }) => platform === 'wecom-bot') as WecomBot
    return {
      bot,
      report: () => bot.services.callbacks.status().connection!,
      isIn: (status: Universal.Status) => bot.status === status,
    }
  }

  beforeEach(async () => {
    clock = new SystemClock()
    backend = new MemoryBackend(clock)
    gateway = await WecomGateway.create()
    log = new Log()
    ends = []
  })

  afterEach(async () => {
    for (const end of ends.reverse()) await end()
    await gateway.close()
    clock.dispose()
    log.close()
    assert.deepEqual(gateway.violations, [])
  })

  it('is held by the first; the second says once that it waits, and takes over at a shutdown', async () => {
    const one = await start('one')
    await until(() => one.isIn(Universal.Status.ONLINE))
    const two = await start('two')
    await until(() => two.isIn(Universal.Status.RECONNECT))
    assert.equal(two.report().state, 'standby')
    assert.equal(two.report().reason, waiting)
    assert.equal(gateway.connectionCount, 1)
    await assert.rejects(two.bot.sendMessage('private:USERID', 'hello'), /another instance holds the connection to WeCom/)
    gateway.say('who')
    await gateway.until(() => gateway.texts().includes('one'))
    await shutDown(one.bot.services, 200)
    await until(() => two.isIn(Universal.Status.ONLINE))
    gateway.say('who')
    await gateway.until(() => gateway.texts().includes('two'))
    assert.equal(gateway.connectionCount, 2)
    assert.equal(log.text.split(waiting).length, 2, log.text)
    assert.doesNotMatch(log.text, /another process has subscribed/)
  })

  it('comes back to the first when the second, which has it by then, is stopped', async () => {
    const one = await start('one')
    await until(() => one.isIn(Universal.Status.ONLINE))
    const two = await start('two')
    await until(() => two.isIn(Universal.Status.RECONNECT))
    await one.bot.stop()
    await until(() => two.isIn(Universal.Status.ONLINE))
    await one.bot.start()
    await until(() => one.report().state === 'standby')
    await two.bot.stop()
    await until(() => one.isIn(Universal.Status.ONLINE))
    assert.equal(gateway.connectionCount, 3)
  })
})

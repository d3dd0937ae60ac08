import assert from 'node:assert/strict'
import type { Context } from 'koishi'
import { h } from 'koishi'
import { FakeClock, until } from 'common/testing'
import type { ManualClock, Wecom } from 'testkit'
import { createWecom, manualClock } from 'testkit'
import { SharedDeferredStore } from '../../src/instances/shared-deferred-store'
import type { DeferredMessage } from '../../src/storage/deferred'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import type { Instance } from '../support/koishi'
import { startBot } from '../support/koishi'

const DAY = 24 * 3600_000
const outage = { isOpen: false, isRecovering: false, epoch: 0 }

describe('messages that an instance had not sent when it was stopped', () => {
  let clock: FakeClock, backend: MemoryBackend, own: DeferredMessage[]
  beforeEach(() => {
    clock = new FakeClock()
    backend = new MemoryBackend(clock)
    own = []
    outage.isOpen = false
  })

  /** @param isShared whether there is shared state */
  function add(instance: string, isShared = true) {
    const state = new SharedStateService(backend, { instance, clock, isShared: true, circuit: outage })
    const inner = {
      deferMessages: async (messages: DeferredMessage[]) => void own.push(...messages) === undefined,
      takeDeferred: async () => own.splice(0),
    }
    return new SharedDeferredStore('AIBOTID', () => isShared ? state : undefined, inner, clock)
  }

  const message = (target: string, index: number) => ({ target, body: { text: `第 ${index} 条` } })
  const messages = (target: string, count: number) => {
    return Array.from({ length: count }, (_, index) => message(target, index))
  }

  it('go to one other, in order, for the webhooks that it knows', async () => {
    const [one, two, three] = [add('one'), add('two'), add('three')]
    assert.equal(await one.deferMessages([...messages('W', 10), message('X', 10)]), true)
    assert.deepEqual(await two.takeDeferred(['Y']), [])
    const both = await Promise.all([two.takeDeferred(['W']), three.takeDeferred(['W', 'Z'])])
    assert.deepEqual(both.flat(), messages('W', 10))
    assert.deepEqual(await two.takeDeferred(['W', 'X']), [message('X', 10)])
    assert.deepEqual(await three.takeDeferred(['W', 'X']), [])
    assert.deepEqual(own, [])
  })

  it('are all kept where two stop at the same moment', async () => {
    await Promise.all([add('one').deferMessages(messages('W', 3)), add('two').deferMessages(messages('X', 2))])
    const taken = await add('three').takeDeferred(['W', 'X'])
    assert.deepEqual(taken.filter(({ target }) => target === 'W'), messages('W', 3))
    assert.deepEqual(taken.filter(({ target }) => target === 'X'), messages('X', 2))
  })

  for (const text of ['no JSON', '{}', 'null', '[null]']) {
    it(`are kept where something else has written ${text}`, async () => {
      await backend.set('wecom-bot/AIBOTID/deferred', text, DAY)
      assert.deepEqual(await add('two').takeDeferred(['W']), [])
      assert.equal(await add('one').deferMessages(messages('W', 2)), true)
      assert.deepEqual(await add('two').takeDeferred(['W']), messages('W', 2))
    })
  }

  it('come after those that its own database had', async () => {
    await add('one').deferMessages([message('W', 2)])
    own.push(message('W', 1))
    assert.deepEqual(await add('two').takeDeferred(['W']), [message('W', 1), message('W', 2)])
  })

  it('expire after three days, also if more are added later', async () => {
    await add('one').deferMessages([message('W', 1)])
    await clock.advance(2 * DAY)
    await add('two').deferMessages([message('W', 2)])
    await clock.advance(DAY)
    assert.deepEqual(await add('three').takeDeferred(['W']), [message('W', 2)])
  })

  for (const [why, prepare, count] of [
    ['the server is away', () => void (outage.isOpen = true), 2],
    ['they are too long', () => {}, 2_000_000],
  ] as const) {
    it(`stay in its own database where ${why}`, async () => {
      prepare()
      const long = [{ target: 'W', body: { text: '字'.repeat(count) } }, { target: 'W', body: { text: 'x'.repeat(3 * count) } }]
      assert.equal(await add('one').deferMessages(long), true)
      assert.deepEqual(own, long)
      outage.isOpen = false
      own = []
      assert.deepEqual(await add('two').takeDeferred(['W']), [])
    })
  }

  it('stay there where the server goes away while they are written', async () => {
    const one = add('one')
    const { compareAndSet } = backend
    backend.compareAndSet = async (...args) => {
      outage.isOpen = true
      return compareAndSet.apply(new MemoryBackend(clock), args)
    }
    assert.equal(await one.deferMessages([message('W', 1)]), true)
    assert.deepEqual(own, [message('W', 1)])
  })

  it('stay there where nothing is shared', async () => {
    await add('one', false).deferMessages([message('W', 1)])
    assert.deepEqual(await add('two', false).takeDeferred(['W']), [message('W', 1)])
  })

  describe('of a bot', () => {
    let manual: ManualClock, wecom: Wecom
    const instances: Instance[] = []
    beforeEach(async () => {
      manual = manualClock()
      wecom = await createWecom({ clock: manual })
    })
    afterEach(async () => {
      for (const instance of instances.splice(0)) await instance.stop()
      await wecom.close()
    })

    async function start(name: string) {
      const state = new SharedStateService(backend, { instance: name, clock, isShared: true })
      const prepare = (app: Context) => void app.set('sharedState', state)
      const instance = await startBot({ apiEndpoint: wecom.origin, webhookKey: 'SECRET-KEY', drain: 100 }, { prepare })
      instances.push(instance)
      return instance
    }

    const contents = () => wecom.webhooks.filter(({ errcode }) => !errcode).map(({ body }) => body.markdown_v2?.content)
    const expected = Array.from({ length: 23 }, (_, index) => `m${index}`)

    /** Sends 23 messages, of which 20 are within the limit, and stops. @returns the errors of the others */
    async function fill({ app, bot }: Instance) {
      const all = Promise.allSettled(expected.map(text => bot.createMessage('webhook', h.text(text))))
      await until(() => wecom.webhooks.length === 20)
      // For WeCom and for all instances together, not for this one, whose time is real.
      manual.advance(60_000)
      await clock.advance(63_000)
      await app.parallel('exit', 'SIGTERM')
      return (await all).flatMap(result => result.status === 'rejected' ? result.reason.code : [])
    }

    it('are sent by another one at once', async () => {
      const one = await start('one')
      await start('two')
      assert.deepEqual(await fill(one), Array(3).fill('wecom-bot/delivery-deferred'))
      assert.match(one.lines.join('\n'), /3 unsent webhook messages are stored; another instance or the next start sends them/)
      await until(() => contents().length === 23, () => JSON.stringify(contents()))
      assert.deepEqual(contents(), expected)
    })

    it('are sent by one that starts later, without a database, once', async () => {
      assert.equal((await fill(await start('one'))).length, 3)
      await Promise.all([start('two'), start('three')])
      await until(() => contents().length === 23, () => JSON.stringify(contents()))
      assert.deepEqual(contents(), expected)
    })
  })
})

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { DatabaseAccess } from 'common/database'
import { FakeClock, settle } from 'common/testing'
import { Context } from 'koishi'
import type { Session } from 'koishi'
import { MonthlyQuota } from '../../src/api/monthly-quota'
import { RateLimiter } from '../../src/api/rate-limiter'
import { SharedCounts } from '../../src/instances/shared-counts'
import { SharedRate } from '../../src/instances/shared-rate'
import { MonthlyUsageStore } from '../../src/storage/monthly-usage'
import { Rig, tick } from '../support/rig'
import { createSharedState } from './instances'

type Shared = ReturnType<typeof createSharedState>

describe('two instances that share state', () => {
  let shared: Shared, states: ReturnType<Shared['add']>[]

  beforeEach(() => {
    shared = createSharedState()
    states = ['one', 'two'].map(name => shared.add(name))
  })

  describe('with connections to DingTalk', () => {
    let one: Rig, two: Rig | undefined

    async function start(database: boolean) {
      one = await (await Rig.start({ database, state: states[0].service })).online()
    }

    /** Starts the other instance, with the same cards in its database. */
    async function startSecond(database: boolean) {
      two = await (await Rig.start({ beside: one, database, state: states[1].service })).online()
      if (!database) return two
      const [row] = await one.app.database.get('gemini_dingtalk_card', {})
      await two.app.database.create('gemini_dingtalk_card', row)
      two.app.emit('bot-status-updated', two.bot as never)
      return two
    }

    afterEach(async () => {
      await two?.stop()
      if (two?.folder) await rm(two.folder, { recursive: true, force: true })
      two = undefined
      await one.close()
    })

    const card = () => one.platform.cards[0]

    async function write() {
      await start(true)
      const answer = await one.answer()
      answer.update('还在写')
      await one.until(() => card()?.frames.length > 0, 100)
      return answer
    }

    it('finish no card that the other one is writing', async () => {
      const answer = await write()
      const second = await startSecond(true)
      await shared.pass(60_000, ...states, second)
      assert.equal(card().state, 'typing')
      await answer.finish('写完了')
      assert.equal(card().content, '写完了')
    })

    it('finish the cards of one that has died, when its lease is over', async () => {
      await write()
      const second = await startSecond(true)
      await shared.pass(10_000, ...states, second)
      assert.equal(card().state, 'typing')
      for (let tries = 0; tries < 200 && card().state === 'typing'; tries++) {
        await shared.pass(1000, states[1], second)
        await tick()
      }
      assert.equal(card().state, 'finished')
      assert.equal(card().content, '还在写\n\n（回答在这里中断了。）')
    })

    for (const group of [undefined, 'cidGROUP']) {
      it(`take clicks on cards of the other one in ${group ?? 'a direct chat'}`, async () => {
        await start(false)
        const answer = await one.answer(group)
        answer.update('还在写')
        await one.until(() => card()?.frames.length > 0, 100)
        const clicks: Session[] = []
        const words: Session[] = []
        for (const { app } of [one, await startSecond(false)]) {
          app.on('interaction/button', session => void clicks.push(session))
          app.on('message', session => void words.push(session))
        }
        /** Clicks on the stop button, which goes to the newest connection. */
        const stop = async (count: number) => {
          await one.platform.click(card(), { userId: 'alice', actionId: 'stop' })
          await two!.until(() => words.length === count)
        }
        await stop(1)
        await stop(2)
        // The second instance is gone: the click goes to the one that writes the card.
        two!.adapter.dispose()
        await one.until(() => one.platform.stream.sockets.size === 1)
        await one.platform.click(card(), { userId: 'alice', actionId: 'stop' })
        await one.until(() => words.length === 3)
        const placeOf = ({ channelId, guildId, isDirect, stripped, userId }: Session) => {
          return [channelId, guildId, isDirect, userId, stripped.content]
        }
        const expected = [group ?? 'alice', 'dingcorp', !group, 'alice', '停止']
        assert.deepEqual(words.map(placeOf), [expected, expected, expected])
        assert.equal(new Set(words.map(({ messageId }) => messageId)).size, 3)
        assert.deepEqual(clicks.map(({ event }) => event.button?.id), ['stop', 'stop', 'stop'])
        await answer.finish('还在写')
      })
    }

    it('finish none while it cannot be known who writes them', async () => {
      await write()
      Object.assign(states[1].circuit, { isOpen: true, epoch: 1 })
      const second = await startSecond(true)
      // Without the server the other's lease is not seen.
      await shared.pass(60_000, states[1], second)
      assert.equal(card().state, 'typing')
    })

    it('take a message once that DingTalk delivers to both', async () => {
      await start(false)
      const taken: string[] = []
      one.app.middleware((session, next) => {
        taken.push(`one ${session.content}`)
        return next()
      })
      await one.platform.say('一', { msgId: '1' })
      await one.until(() => taken.length === 1)
      const second = await startSecond(false)
      second.app.middleware((session, next) => {
        taken.push(`two ${session.content}`)
        return next()
      })
      one.adapter.dispose()
      await second.platform.say('一', { msgId: '1' })
      await second.platform.say('二', { msgId: '2' })
      await second.until(() => taken.length === 2)
      assert.deepEqual(taken, ['one 一', 'two 二'])
    })
  })

  it('make fewer than twenty calls in any second together', async () => {
    const times: number[] = []
    const { clock } = shared
    for (const { service } of states) {
      const rate = new SharedRate(() => service, clock, 19)
      const limiter = new RateLimiter(clock, undefined, undefined, () => rate.take('dingkey'))
      for (let index = 0; index < 40; index++) void limiter.take().then(() => times.push(clock.monotonic()))
    }
    await shared.pass(10_000)
    assert.equal(times.length, 80)
    for (const time of times) assert.ok(times.filter(other => other >= time && other < time + 1000).length < 20)
  })

  it('count the calls of a month together, each without a database or with its own', async () => {
    const clock = new FakeClock()
    const database = new DatabaseAccess(new Context(), { clock, logger: { info() {}, warn() {} }, subject: 'quota' })
    const start = (index: number) => {
      const store = new MonthlyUsageStore(database, 'dingkey', 'calls', new SharedCounts(() => states[index].service))
      return new MonthlyQuota({ clock, limit: 100, warn() {}, changed: quota => store.save(quota) })
    }
    const idle = async () => {
      for (let count = 0; count < 30; count++) await settle()
    }
    const [first, second] = [start(0), start(1)]
    first.spend(30)
    second.spend(12)
    await idle()
    first.spend(0)
    second.spend(0)
    await idle()
    assert.deepEqual([first.used, second.used], [42, 42])
    // What others have used is not forgotten while the server is away, and this instance goes on counting.
    states[0].circuit.isOpen = true
    first.spend(5)
    await idle()
    assert.equal(first.used, 47)
    states[0].circuit.isOpen = false
    first.spend(0)
    await idle()
    second.spend(0)
    await idle()
    assert.equal(second.used, 47)
    const restarted = start(0)
    restarted.spend(0)
    await idle()
    assert.equal(restarted.used, 47)
  })
})

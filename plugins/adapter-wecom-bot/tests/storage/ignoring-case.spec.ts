import assert from 'node:assert/strict'
import type { Context } from 'koishi'
import type { Wecom } from 'testkit'
import { WecomClient, createWecom } from 'testkit'
import DatabaseIgnoringCase from 'testkit/src/database/ignoring-case'
import { createDatabaseStores } from '../../src/storage/database'
import type { Stores } from '../../src/storage/stores'
import type { StoredStream } from '../../src/storage/streams'
import { FakeClock, until } from 'common/testing'
import { openDatabase, silence } from '../support/database'
import type { Instance } from '../support/koishi'
import { encodingAESKey, startBot, token } from '../support/koishi'

/** Ids that a collation takes for the same, or that are longer than a column. */
const pairs = [
  ['wrAbCdEf', 'wrabcdef'], ['wr', 'wr '], ['wrä', 'wra'], ['ＷＲ', 'wr'], ['x'.repeat(1000), 'X'.repeat(1000)],
  ['x'.repeat(300) + 'a', 'x'.repeat(300) + 'b'], ['a/b', 'a/B'],
]

describe('a database that ignores case', () => {
  let restoreLog: () => void

  before(() => restoreLog = silence())
  after(() => restoreLog())

  describe('in the stores', () => {
    let app: Context
    let clock: FakeClock
    let stores: Stores

    beforeEach(async () => {
      clock = new FakeClock()
      app = await openDatabase(undefined, DatabaseIgnoringCase)
      stores = createDatabaseStores(app, 60_000, 'BOT', clock)
    })

    afterEach(async () => {
      await stores.dispose()
      await app.stop()
    })

    const stream = (streamId: string, msgId: string, botId = 'BOT', content = ''): StoredStream => {
      return { streamId, msgId, owner: { botId, userId: 'U' }, content, finished: false }
    }

    for (const [one, other] of pairs) {
      const name = `"${one.slice(-12)}" and "${other.slice(-12)}"`

      it(`tells the messages ${name} apart`, async () => {
        const { streams } = stores
        assert.equal(await streams.claim(stream('s1', one)), 's1')
        assert.equal(await streams.claim(stream('s2', other)), 's2')
        assert.equal(await streams.claim(stream('s3', 'M', one)), 's3')
        assert.equal(await streams.claim(stream('s4', 'M', other)), 's4')
        streams.save(stream('s1', one, 'BOT', 'of one'))
        streams.save(stream('s2', other, 'BOT', 'of the other'))
        await clock.advance(250)
        await until(async () => (await streams.find('s2'))?.content)
        assert.equal((await streams.find('s1'))!.content, 'of one')
        assert.deepEqual([await streams.find('S1'), await streams.find('s1 ')], [undefined, undefined])
      })

      it(`tells the cards, people, ratings and groups ${name} apart`, async () => {
        const { cards, feedback, groups } = stores
        const card = (task_id: string) => ({
          card_type: 'button_interaction' as const, main_title: { title: task_id }, task_id, button_list: [{ text: 'a', key: 'b' }],
        })
        for (const id of [one, other]) cards.save(card(id), false)
        await until(() => cards.find(other))
        assert.equal((await cards.find(one))!.card.main_title!.title, one)
        for (const task of [one, other]) {
          for (const user of [one, other]) {
            assert.equal(await cards.recordAnswer(task, user, { key: user, selected: {} }), undefined)
          }
        }
        assert.deepEqual(await cards.recordAnswer(one, one, { key: 'late', selected: {} }), { key: one, selected: {} })
        const record = (userId: string) => ({ userId, opinion: 'like' as const, text: '', reasons: [], time: 1 })
        for (const id of [one, other]) {
          for (const userId of [one, other]) await feedback.save(id, record(userId))
        }
        assert.deepEqual((await feedback.list(one)).map(({ userId }) => userId).sort(), [one, other].sort())
        assert.deepEqual(await groups.recordGroup(one, one), [one])
        assert.deepEqual((await groups.recordGroup(one, other))!.sort(), [one, other].sort())
        assert.deepEqual(await groups.recordGroup(other, other), [other])
      })
    }
  })

  describe('in the adapter', () => {
    let instance: Instance
    let wecom: Wecom
    let client: WecomClient
    let asked: string[] = []

    before(async () => {
      wecom = await createWecom()
      instance = await startBot({ storage: 'database', firstReply: 2000, maxUserTurns: 100 }, {
        listen: true,
        prepare(app) {
          app.plugin(DatabaseIgnoringCase as never)
          app.middleware(({ content, guildId }) => {
            asked.push(content!)
            return `${content} in ${guildId}`
          })
        },
      })
      client = new WecomClient({ url: instance.url, token, encodingAESKey, wecom })
    })

    after(async () => {
      await instance.stop()
      await wecom.close()
    })

    beforeEach(() => asked = [])

    it('answers messages whose ids differ in case', async () => {
      for (const msgId of ['CaIsMsg', 'caismsg', 'CAISMSG', 'caismsg ']) {
        const { stream } = (await client.post(client.text(`to ${msgId}`, { msgId }))).reply!
        assert.equal(stream!.content, `to ${msgId} in undefined`)
      }
      assert.equal(asked.length, 4)
    })

    it('never shows one group what was answered in another', async () => {
      const ids: string[] = []
      for (const chatId of ['wrAbCdEf', 'wrabcdef']) {
        const { stream } = (await client.post(client.text(`secret of ${chatId}`, { chatId }))).reply!
        assert.match(stream!.content!, new RegExp(`secret of ${chatId} in ${chatId}$`))
        ids.push(stream!.id)
      }
      for (const [id, chatId] of [[ids[0], 'wrabcdef'], [ids[1], 'wrAbCdEf'], [ids[0].toUpperCase(), 'wrAbCdEf']]) {
        assert.doesNotMatch((await client.poll(id, { chatId })).reply!.stream!.content!, /secret/)
      }
    })
  })
})

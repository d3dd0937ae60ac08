import assert from 'node:assert/strict'
import type { Context } from 'koishi'
import { Logger } from 'koishi'
import { until } from 'common/testing'
import type { TemplateCard } from '../../src/protocol/template-card'
import type { FeedbackRecord } from '../../src/storage/feedback'
import type { Stores } from '../../src/storage/stores'
import type { StoredStream } from '../../src/storage/streams'
import type { FakeClock } from 'common/testing'
import { silence } from '../support/database'
import { openStores } from '../support/stores'

const card: TemplateCard = { card_type: 'button_interaction', main_title: {}, task_id: 'T', button_list: [{ text: 'a', key: 'b' }] }
const record: FeedbackRecord = { userId: 'A', opinion: 'like', text: '', reasons: [], time: 1 }
const stream = (fields?: Partial<StoredStream>): StoredStream => {
  return { streamId: 'S', msgId: 'M', owner: { botId: 'B', userId: 'U' }, content: '', finished: false, ...fields }
}

describe('stores with a failing database', () => {
  let app: Context
  let clock: FakeClock
  let stores: Stores
  let another: () => Stores
  let restoreLog: () => void

  beforeEach(async () => {
    restoreLog = silence()
    ;({ app, clock, stores, another } = await openStores())
  })

  afterEach(async () => {
    await stores.dispose()
    await app.stop()
    restoreLog()
  })

  it('grant a claim after one second, and do not overwrite the row of the process that won it', async () => {
    const other = another()
    await other.streams.claim(stream({ streamId: 'OTHER' }))
    const { create } = app.database
    let release = () => {}
    const hung = new Promise<void>(resolve => release = resolve)
    app.database.create = (async (...args: [never, never]) => {
      await hung
      return create.apply(app.database, args)
    }) as never
    const claim = stores.streams.claim(stream())
    await clock.advance(1000)
    assert.equal(await claim, 'S')
    stores.streams.save(stream({ content: 'mine' }))
    await clock.advance(5000)
    release()
    await until(async () => {
      stores.streams.save(stream({ content: 'mine' }))
      await clock.advance(1000)
      return clock.pending <= 4
    })
    app.database.create = create
    await clock.advance(5000)
    assert.equal((await other.streams.find('OTHER'))!.streamId, 'OTHER')
    assert.equal(await stores.streams.find('S'), undefined)
    await other.dispose()
  })

  it('return nothing after one second while the database hangs', async () => {
    const { get, upsert } = app.database
    app.database.get = (() => new Promise(() => {})) as never
    app.database.upsert = (() => new Promise(() => {})) as never
    const { cards, streams, feedback } = stores
    const looks = Promise.all([cards.find('T'), streams.find('S'), feedback.list('S'), feedback.save('S', record)])
    await clock.advance(1000)
    assert.deepEqual(await looks, [undefined, undefined, [], undefined])
    Object.assign(app.database, { get, upsert })
  })

  it('keep nothing while the database is gone, and log it at most once a minute', async () => {
    restoreLog()
    const lines: string[] = []
    const others = Logger.targets.splice(0, Infinity, { colors: 0, record: ({ content }) => void lines.push(content) })
    try {
      const fail = () => Promise.reject(new Error('gone'))
      Object.assign(app.database, { create: fail, get: fail, set: fail, upsert: fail, remove: fail })
      const { streams, cards, feedback, groups, deferred } = stores
      assert.equal(await streams.claim(stream()), 'S')
      assert.equal(await cards.find('T'), undefined)
      assert.equal(await groups.recordGroup('B', 'A'), undefined)
      assert.equal(await cards.recordAnswer('T', '', { key: 'b', selected: {} }), undefined)
      await feedback.save('S', record)
      cards.save(card, true)
      await clock.advance(1000)
      await until(async () => !await cards.find('T'))
      assert.equal(await deferred.deferMessages([{ target: 'W', body: {} }]), false)
      assert.deepEqual(await deferred.takeDeferred(['W']), [])
      assert.equal(lines.length, 1)
      assert.match(lines[0], /could not access turns and cards in the database: gone; .*restart/)
      await clock.advance(61_000)
      await cards.find('T')
      assert.equal(lines.length, 2)
    } finally {
      Logger.targets.splice(0, Infinity, ...others)
      restoreLog = silence()
    }
  })
})

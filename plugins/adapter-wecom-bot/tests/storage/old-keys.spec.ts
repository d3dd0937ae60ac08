import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRowKey } from 'common/database'
import { until } from 'common/testing'
import type { StoredStream } from '../../src/storage/streams'
import { createFolder, silence } from '../support/database'
import type { DatabaseWorld } from '../support/stores'
import { openStores } from '../support/stores'

/**
 * Written by the stores of version 0.1.0, whose keys contained ids as they came: two messages, two cards with two
 * choices, two ratings, three groups, one deferred message.
 */
const fixture = join(__dirname, 'fixtures/plain-keys.db')

describe('a database with keys of an earlier version', () => {
  const botId = 'team/BOT'
  let folder: Awaited<ReturnType<typeof createFolder>>
  let restoreLog: () => void
  let world: DatabaseWorld

  before(async () => {
    restoreLog = silence()
    folder = await createFolder()
  })

  after(async () => {
    await folder.remove()
    restoreLog()
  })

  let serial = 0
  beforeEach(async () => {
    const file = join(folder.path, `${++serial}.db`)
    await copyFile(fixture, file)
    world = await openStores(file)
    await world.stores.dispose()
    world.stores = world.another(botId)
  })

  afterEach(async () => {
    await world.stores.dispose()
    await world.app.stop()
  })

  const stream = (msgId: string, streamId = 'new'): StoredStream => {
    return { streamId, msgId, owner: { botId, userId: 'ZhangSan' }, content: '', finished: false }
  }

  const replaced = () => until(async () => {
    const turns = await world.app.database.get('wecom_bot_turn', {})
    return turns.every(({ message }) => isRowKey(message))
  })

  it('still knows who answers a message, before and after the keys are replaced', async () => {
    const claims = async () => {
      const { streams } = world.stores
      return [await streams.claim(stream('Msg1')), await streams.claim(stream('MSG1')), await streams.claim(stream('msg1'))]
    }
    assert.deepEqual(await claims(), ['stream-a', 'stream-b', 'new'])
    await replaced()
    assert.deepEqual(await claims(), ['stream-a', 'stream-b', 'new'])
    assert.deepEqual(await world.stores.streams.find('stream-a'), {
      streamId: 'stream-a',
      msgId: 'Msg1',
      owner: { botId, userId: 'ZhangSan', chatId: 'wrAbCdEf' },
      content: '说完了',
      finished: true,
    })
  })

  it('keeps cards and what was chosen on them', async () => {
    const { cards } = world.stores
    assert.equal((await cards.find('Task'))!.card.main_title!.title, 'Task')
    assert.equal((await cards.find('Task'))!.isReusable, true)
    assert.equal(await cards.find('task'), undefined)
    assert.deepEqual(await cards.recordAnswer('vote', '', { key: 'late', selected: {} }), { key: 'b', selected: {} })
    const chosen = { key: 'c', selected: { q: ['1'] } }
    assert.deepEqual(await cards.recordAnswer('vote', 'ZhangSan', { key: 'late', selected: {} }), chosen)
    assert.equal(await cards.recordAnswer('vote', 'zhangsan', { key: 'own', selected: {} }), undefined)
  })

  it('keeps ratings, groups and deferred messages', async () => {
    const { feedback, groups, deferred } = world.stores
    assert.deepEqual((await feedback.list('Stream')).map(({ userId, opinion }) => [userId, opinion]).sort(), [
      ['ZhangSan', 'like'], ['lisi', 'dislike'],
    ])
    assert.deepEqual(await feedback.list('stream'), [])
    assert.deepEqual((await groups.recordGroup(botId, 'third'))!.sort(), ['wrAbCdEf', 'wrabcdef'])
    assert.deepEqual((await groups.recordGroup('other', 'wrY'))!.sort(), ['wrX', 'wrY'])
    assert.deepEqual(await deferred.takeDeferred(['W']), [{ target: 'W', body: { msgtype: 'text' } }])
  })

  it('has only hashes as keys in the end, also after an interruption and a second start', async () => {
    const { database } = world.app
    const { upsert } = database
    let writes = 0
    database.upsert = ((...args: [never, never]) => {
      if (++writes === 3) throw new Error('the process was killed')
      return upsert.apply(database, args)
    }) as never
    const interrupted = world.another(botId)
    await interrupted.groups.recordGroup(botId, 'wrAbCdEf')
    database.upsert = upsert
    const restarted = world.another(botId)
    await restarted.feedback.list('Stream')
    await replaced()
    const [turns, cards, answers, opinions, groups] = await Promise.all([
      database.get('wecom_bot_turn', {}), database.get('wecom_bot_card', {}), database.get('wecom_bot_answer', {}),
      database.get('wecom_bot_opinion', {}), database.get('wecom_bot_group', {}),
    ])
    assert.deepEqual([turns, cards, answers, opinions, groups].map(({ length }) => length), [2, 2, 2, 2, 3])
    const keys = [
      ...turns.map(({ message }) => message), ...cards.map(({ task }) => task),
      ...answers.flatMap(({ task, userId }) => [task, userId]),
      ...opinions.flatMap(({ stream, userId }) => [stream, userId]),
      ...groups.flatMap(({ botId, chatId }) => [botId, chatId]),
    ]
    assert.deepEqual(keys.filter(key => !isRowKey(key)), [])
    await Promise.all([interrupted.dispose(), restarted.dispose()])
  })
})

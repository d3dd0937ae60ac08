import assert from 'node:assert/strict'
import { until } from 'common/testing'
import type { StoredStream } from '../../src/storage/streams'
import { MAX_SAVE_DELAY_MS, MemoryStreamStore } from '../../src/storage/streams'
import { DAY, RETENTION, describeDatabaseStores, describeStores } from '../support/stores'

const stream = (fields?: Partial<StoredStream>): StoredStream => {
  return { streamId: 'S', msgId: 'M', owner: { botId: 'B', userId: 'U' }, content: '', finished: false, ...fields }
}

describeStores('StreamStore', (world) => {
  it('grants the first claim of each message', async () => {
    const { streams } = world().stores
    assert.equal(await streams.claim(stream()), 'S')
    assert.equal(await streams.claim(stream({ streamId: 'S2', msgId: 'M2' })), 'S2')
    assert.equal(await streams.claim(stream({ streamId: 'S3', owner: { botId: 'B2', userId: 'U' } })), 'S3')
  })

  it('leaves no timer after dispose', async () => {
    const { stores, clock } = world()
    await stores.dispose()
    assert.equal(clock.pending, 0)
  })
})

describe('MemoryStreamStore', () => {
  it('grants every claim and finds nothing: turns of this process are in the registry', async () => {
    const streams = new MemoryStreamStore()
    assert.equal(await streams.claim(stream()), 'S')
    streams.save()
    assert.equal(await streams.find(), undefined)
  })
})

describeDatabaseStores('DatabaseStreamStore', (world) => {
  it('returns the winner to later claims of the same message', async () => {
    const { stores, another } = world()
    const other = another()
    assert.equal(await stores.streams.claim(stream()), 'S')
    assert.equal(await other.streams.claim(stream({ streamId: 'S2' })), 'S')
    assert.equal(await stores.streams.claim(stream({ streamId: 'S3' })), 'S')
    await other.dispose()
  })

  it('grants one of fifty simultaneous claims', async () => {
    const { stores, app } = world()
    const claims = Array.from({ length: 50 }, (_, index) => stores.streams.claim(stream({ streamId: `S${index}` })))
    const winners = new Set(await Promise.all(claims))
    assert.equal(winners.size, 1)
    assert.equal((await app.database.get('wecom_bot_turn', {})).length, 1)
  })

  it('writes what a stream showed last within a second', async () => {
    const { stores, clock, another } = world()
    const owner = { botId: 'B', userId: 'U', chatId: 'wr大' }
    await stores.streams.claim(stream({ owner }))
    stores.streams.save(stream({ owner, content: 'ha' }))
    stores.streams.save(stream({ owner, content: 'half' }))
    await clock.advance(1000)
    const other = another()
    await until(async () => (await other.streams.find('S'))?.content)
    assert.deepEqual(await other.streams.find('S'), stream({ owner, content: 'half' }))
    stores.streams.save(stream({ owner, content: 'whole', finished: true }))
    await stores.dispose()
    assert.deepEqual(await other.streams.find('S'), stream({ owner, content: 'whole', finished: true }))
    assert.equal(await other.streams.find('S2'), undefined)
    await other.dispose()
  })

  it('writes what a stream has shown for a quarter of a second', async () => {
    const { stores, clock, app } = world()
    await stores.streams.claim(stream())
    stores.streams.save(stream({ content: 'shown' }))
    await clock.advance(100)
    stores.streams.save(stream({ content: 'shown later' }))
    await clock.advance(MAX_SAVE_DELAY_MS - 100)
    await until(async () => (await app.database.get('wecom_bot_turn', {}))[0].content === 'shown later')
  })

  it('is late while a write takes long, and not for ever', async () => {
    const { stores: { streams }, clock, app } = world()
    const { upsert } = app.database
    let release = () => {}
    const slow = new Promise<void>(resolve => release = resolve)
    app.database.upsert = (async (...args: [never, never]) => {
      await slow
      return upsert.apply(app.database, args)
    }) as never
    await streams.claim(stream())
    assert.equal(streams.isLate, false)
    streams.save(stream({ content: 'one' }))
    await clock.advance(200)
    assert.equal(streams.isLate, false)
    await clock.advance(1)
    assert.equal(streams.isLate, true)
    await clock.advance(2000)
    assert.equal(streams.isLate, false, 'a database that does not answer does not hold the text back')
    release()
    app.database.upsert = upsert
    await until(async () => (await streams.find('S'))?.content === 'one')
    assert.equal(streams.isLate, false)
  })

  it('does not write that a stream has shown nothing', async () => {
    const { stores: { streams }, clock, app } = world()
    await streams.claim(stream())
    const before = clock.pending
    for (const content of ['', '<think></think>', ' \n<think> </think>']) streams.save(stream({ content }))
    assert.equal(clock.pending, before)
    streams.save(stream({ content: 'text' }))
    streams.save(stream({ content: '' }))
    await clock.advance(250)
    await until(async () => clock.pending === before)
    assert.equal((await app.database.get('wecom_bot_turn', {}))[0].content, '')
  })

  it('writes each of many streams to its own row', async () => {
    const { stores } = world()
    const ids = await saveMany(stores.streams)
    await stores.dispose()
    for (const id of ids) assert.equal((await stores.streams.find(id))!.content, `shown ${id}`)
  })

  it('completes a write that has begun before dispose resolves', async () => {
    const { stores, clock, app } = world()
    await saveMany(stores.streams)
    await clock.advance(1000)
    await stores.dispose()
    const rows = await app.database.get('wecom_bot_turn', {})
    assert.deepEqual(rows.filter(({ content }) => !content), [])
    assert.equal(rows.length, 100)
  })

  it('erases the text after the retention and the claim after a week', async () => {
    const { stores: { streams }, clock, app } = world()
    await streams.claim(stream())
    streams.save(stream({ content: 'secret', finished: true }))
    await clock.advance(1000)
    await until(async () => (await streams.find('S'))!.content === 'secret')
    await clock.jump(RETENTION + 61_000)
    await until(async () => (await streams.find('S'))!.content === '')
    assert.equal(await streams.claim(stream({ streamId: 'S2' })), 'S')
    await clock.jump(7 * DAY)
    assert.equal(await streams.find('S'), undefined)
    await until(async () => !(await app.database.get('wecom_bot_turn', {})).length)
  })
})

async function saveMany(streams: { claim(stream: StoredStream): unknown, save(stream: StoredStream): void }) {
  const ids = Array.from({ length: 100 }, (_, index) => String(index))
  for (const id of ids) {
    const own = stream({ streamId: id, msgId: id })
    await streams.claim(own)
    streams.save({ ...own, content: `shown ${id}` })
  }
  return ids
}

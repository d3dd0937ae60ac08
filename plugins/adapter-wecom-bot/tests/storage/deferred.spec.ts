import assert from 'node:assert/strict'
import { MemoryDeferredStore } from '../../src/storage/deferred'
import { DAY, describeDatabaseStores } from '../support/stores'

describe('MemoryDeferredStore', () => {
  it('stores nothing and says so', async () => {
    const deferred = new MemoryDeferredStore()
    assert.equal(await deferred.deferMessages(), false)
    assert.deepEqual(await deferred.takeDeferred(), [])
  })
})

describeDatabaseStores('DeferredStore', (world) => {
  it('returns each message once, in order, to the webhook it is for', async () => {
    const { stores: { deferred }, another } = world()
    const body = (index: number) => ({ msgtype: 'text', text: { content: `第 ${index} 条` } })
    const messages = Array.from({ length: 10 }, (_, index) => ({ target: 'W', body: body(index) }))
    assert.equal(await deferred.deferMessages([...messages, { target: 'X', body: body(10) }]), true)
    assert.deepEqual(await deferred.takeDeferred(['Y']), [])
    const other = another()
    const both = await Promise.all([deferred.takeDeferred(['W']), other.deferred.takeDeferred(['W', 'Z'])])
    assert.equal(both.flat().length, 10)
    const places = messages.map(message => JSON.stringify(message))
    const orders = both.map(taken => taken.map(message => places.indexOf(JSON.stringify(message))))
    for (const order of orders) assert.deepEqual(order, [...order].sort((a, b) => a - b))
    assert.equal(new Set(orders.flat()).size, 10)
    assert.deepEqual(await deferred.takeDeferred(['W']), [])
    assert.deepEqual(await deferred.takeDeferred(['X']), [{ target: 'X', body: body(10) }])
    await other.dispose()
  })

  it('expires messages after three days', async () => {
    const { stores: { deferred }, clock } = world()
    await deferred.deferMessages([{ target: 'W', body: {} }])
    await clock.jump(3 * DAY)
    assert.deepEqual(await deferred.takeDeferred(['W']), [])
  })

  it('stores all messages or none', async () => {
    const { stores: { deferred }, app } = world()
    const { create } = app.database
    let count = 0
    app.database.create = ((...args: [never, never]) => {
      if (++count === 3) return Promise.reject(new Error('disk full'))
      return create.apply(app.database, args)
    }) as never
    assert.equal(await deferred.deferMessages(Array.from({ length: 4 }, () => ({ target: 'W', body: {} }))), false)
    app.database.create = create
    assert.deepEqual(await app.database.get('wecom_bot_push', {}), [])
  })
})

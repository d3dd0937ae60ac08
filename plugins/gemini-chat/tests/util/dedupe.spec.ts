import assert from 'node:assert/strict'
import { Deduplicator } from '../../src/util/dedupe'
import { FakeClock } from 'common/testing'

describe('Deduplicator', () => {
  const message = { id: 1, type: 'message', platform: 'dingtalk', selfId: 'bot', messageId: 'm1' }
  let clock: FakeClock
  let received: Deduplicator

  beforeEach(() => {
    clock = new FakeClock()
    received = new Deduplicator(clock, 600_000, 3)
  })

  it('recognises a message that another session brings again', () => {
    assert.equal(received.isRepeated(message), false)
    assert.equal(received.isRepeated({ ...message, id: 2 }), true)
    assert.equal(received.isRepeated({ ...message, id: 3 }), true)
  })

  it('lets a message pass a second time in the same session', () => {
    received.isRepeated(message)
    assert.equal(received.isRepeated(message), false)
  })

  it('tells platforms, bots and messages apart', () => {
    received.isRepeated(message)
    assert.equal(received.isRepeated({ ...message, id: 2, platform: 'qq' }), false)
    assert.equal(received.isRepeated({ ...message, id: 3, selfId: 'other' }), false)
    assert.equal(received.isRepeated({ ...message, id: 4, messageId: 'm2' }), false)
  })

  it('lets a button be pressed again', () => {
    const press = { ...message, type: 'interaction/button' }
    assert.equal(received.isRepeated(press), false)
    assert.equal(received.isRepeated({ ...press, id: 2 }), false)
  })

  it('lets messages without an id pass', () => {
    assert.equal(received.isRepeated({ ...message, messageId: undefined }), false)
    assert.equal(received.isRepeated({ ...message, id: 2, messageId: undefined }), false)
  })

  it('forgets a message after ten minutes', async () => {
    received.isRepeated(message)
    await clock.advance(599_999)
    assert.equal(received.isRepeated({ ...message, id: 2 }), true)
    await clock.advance(1)
    assert.equal(received.isRepeated({ ...message, id: 3 }), false)
  })

  it('remembers a message as long whichever way the clock is set', async () => {
    for (const step of [3_600_000, -3_600_000]) {
      received = new Deduplicator(clock)
      received.isRepeated(message)
      clock.step(step)
      assert.equal(received.isRepeated({ ...message, id: 2 }), true)
      await clock.advance(600_000)
      assert.equal(received.isRepeated({ ...message, id: 3 }), false)
    }
  })

  it('forgets the oldest messages beyond its capacity', () => {
    for (const messageId of ['m1', 'm2', 'm3', 'm4']) received.isRepeated({ ...message, messageId })
    assert.equal(received.isRepeated({ ...message, id: 2, messageId: 'm4' }), true)
    assert.equal(received.isRepeated({ ...message, id: 2, messageId: 'm1' }), false)
  })
})

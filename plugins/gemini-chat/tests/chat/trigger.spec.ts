import assert from 'node:assert/strict'
import { Deduplicator, isAddressed } from '../../src/chat/trigger'
import { ManualClock } from '../support/clock'

describe('a message is for the bot', () => {
  const stripped = { content: '', prefix: '', hasAt: false, appel: false, atSelf: false }
  const group = { isDirect: false, platform: 'qq', stripped }

  it('in a direct chat', () => {
    assert.equal(isAddressed({ ...group, isDirect: true }), true)
  })

  it('in a group when it is mentioned or called by its name', () => {
    assert.equal(isAddressed(group), false)
    assert.equal(isAddressed({ ...group, stripped: { ...stripped, appel: true } }), true)
    assert.equal(isAddressed({ ...group, stripped: { ...stripped, atSelf: true } }), true)
  })

  it('in every group of DingTalk, which delivers nothing else', () => {
    assert.equal(isAddressed({ ...group, platform: 'dingtalk' }), true)
  })
})

describe('a repeated message', () => {
  const message = { id: 1, type: 'message', platform: 'dingtalk', selfId: 'bot', messageId: 'm1' }
  let clock: ManualClock
  let received: Deduplicator

  beforeEach(() => {
    clock = new ManualClock()
    received = new Deduplicator(() => clock.now(), 600_000, 3)
  })

  it('is noticed', () => {
    assert.equal(received.isRepeated(message), false)
    assert.equal(received.isRepeated({ ...message, id: 2 }), true)
    assert.equal(received.isRepeated({ ...message, id: 3 }), true)
  })

  it('is not one that passes a second time in the same session', () => {
    received.isRepeated(message)
    assert.equal(received.isRepeated(message), false)
  })

  it('is the same only on the same platform and for the same bot', () => {
    received.isRepeated(message)
    assert.equal(received.isRepeated({ ...message, id: 2, platform: 'qq' }), false)
    assert.equal(received.isRepeated({ ...message, id: 3, selfId: 'other' }), false)
    assert.equal(received.isRepeated({ ...message, id: 4, messageId: 'm2' }), false)
  })

  it('is not a button that is pressed again', () => {
    const press = { ...message, type: 'interaction/button' }
    assert.equal(received.isRepeated(press), false)
    assert.equal(received.isRepeated({ ...press, id: 2 }), false)
  })

  it('cannot be told without an id', () => {
    assert.equal(received.isRepeated({ ...message, messageId: undefined }), false)
    assert.equal(received.isRepeated({ ...message, id: 2, messageId: undefined }), false)
  })

  it('is forgotten after ten minutes', async () => {
    received.isRepeated(message)
    await clock.advance(599_999)
    assert.equal(received.isRepeated({ ...message, id: 2 }), true)
    await clock.advance(1)
    assert.equal(received.isRepeated({ ...message, id: 3 }), false)
  })

  it('is forgotten when there were too many since', () => {
    for (const messageId of ['m1', 'm2', 'm3', 'm4']) received.isRepeated({ ...message, messageId })
    assert.equal(received.isRepeated({ ...message, id: 2, messageId: 'm4' }), true)
    assert.equal(received.isRepeated({ ...message, id: 2, messageId: 'm1' }), false)
  })
})

import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { SendKind } from '../../src/websocket/conversation-limits'
import { ConversationLimits } from '../../src/websocket/conversation-limits'

const MINUTE = 60_000

function setup() {
  const clock = new FakeClock()
  const limits = new ConversationLimits(clock)
  /** Sends at once as often as it is allowed. @returns how often that was */
  const burst = (kind: SendKind, most = 2000, chat = 'C') => {
    for (let count = 0; count < most; count++) {
      const slot = limits.enter(chat, kind)
      if (typeof slot === 'number') return count
      slot.done()
    }
    return most
  }
  return { clock, limits, burst }
}

describe('the limits of a conversation', () => {
  it('are 30 messages in any minute', async () => {
    const { clock, limits, burst } = setup()
    assert.equal(burst('message', 10), 10)
    await clock.advance(20_000)
    assert.equal(burst('message'), 20)
    assert.equal(limits.enter('C', 'message'), 40_000)
    await clock.advance(40_000)
    assert.equal(burst('message'), 10)
    assert.equal(burst('message', 2000, 'OTHER'), 30, 'each conversation has its own')
  })

  it('are 1000 messages in any hour', async () => {
    const { clock, limits, burst } = setup()
    let sent = 0
    for (let minute = 0; minute < 40; minute++) {
      sent += burst('message')
      await clock.advance(MINUTE)
    }
    assert.equal(sent, 1000)
    assert.equal(limits.enter('C', 'last'), 20 * MINUTE)
  })

  it('leave room for last frames', () => {
    const { limits, burst } = setup()
    assert.equal(burst('refresh'), 20)
    const close = limits.openBubble('C')
    assert.equal(burst('message'), 9, 'one is kept for the open bubble')
    assert.equal(burst('last'), 1)
    close()
    close()
    assert.equal(burst('last'), 0)
  })

  it('count a message from its acknowledgement on', async () => {
    const { clock, limits } = setup()
    const slots = Array.from({ length: 30 }, () => limits.enter('C', 'message'))
    assert.equal(typeof limits.enter('C', 'message'), 'number')
    await clock.advance(5000)
    for (const slot of slots) if (typeof slot === 'object') slot.done()
    await clock.advance(59_999)
    assert.equal(limits.enter('C', 'message'), 1)
    await clock.advance(1)
    assert.equal(typeof limits.enter('C', 'message'), 'object')
  })

  it('stop for a minute after WeCom has refused a message', async () => {
    const { clock, limits } = setup()
    limits.refused('C')
    assert.equal(limits.enter('C', 'last'), MINUTE)
    await clock.advance(MINUTE)
    assert.equal(typeof limits.enter('C', 'last'), 'object')
  })

  it('spread the frames of a bubble over the minute, and never stop it for long', async () => {
    const { clock, limits } = setup()
    const pauses: number[] = []
    let frames = 0
    for (let last = clock.monotonic(); clock.monotonic() < last + 10 * MINUTE;) {
      const before = clock.monotonic()
      await clock.advance(limits.spacing('C'))
      const slot = limits.enter('C', 'refresh')
      if (typeof slot === 'number') await clock.advance(slot)
      else slot.done()
      if (typeof slot === 'object') {
        pauses.push(clock.monotonic() - before)
        frames++
      }
    }
    assert.deepEqual(pauses.slice(0, 5), [700, 700, 700, 700, 700])
    assert.ok(Math.max(...pauses) < 7000, `${Math.max(...pauses)} ms between two frames`)
    assert.ok(frames >= 150 && frames <= 200, `${frames} frames`)
  })

  it('are forgotten for conversations that are idle', async () => {
    const { clock, limits, burst } = setup()
    for (let index = 0; index < 100; index++) burst('message', 1, `C${index}`)
    assert.equal(limits.size, 100)
    await clock.advance(2 * 60 * MINUTE)
    burst('message', 1, 'NEW')
    assert.equal(limits.size, 1)
  })
})

import assert from 'node:assert/strict'
import { MergeWindow, mergeMessages } from '../../src/conversation/merge-window'
import { FakeClock, settle } from 'common/testing'

describe('MergeWindow', () => {
  let clock: FakeClock
  let batches: MergeWindow<string>

  beforeEach(() => {
    clock = new FakeClock()
    batches = new MergeWindow(clock, 1000, 3)
  })

  let batch: ReturnType<typeof batches.open>

  function close(signal = new AbortController().signal) {
    const state: { items?: string[] } = {}
    void batches.close(batch, signal).then(items => state.items = items)
    return state
  }

  it('joins messages within the window of the previous one', async () => {
    batch = batches.open('a', '1')
    const closing = close()
    await clock.advance(900)
    assert.equal(batches.join('a', '2'), 'joined')
    await clock.advance(900)
    assert.equal(closing.items, undefined)
    await clock.advance(100)
    assert.deepEqual(closing.items, ['1', '2'])
    assert.equal(batches.join('a', '3'), undefined)
  })

  it('closes after ten windows at the latest', async () => {
    batches = new MergeWindow(clock, 1000, 100)
    batch = batches.open('a', '1')
    const closing = close()
    for (let index = 0; index < 25 && !closing.items; index++) {
      await clock.advance(500)
      batches.join('a', 'more')
    }
    assert.equal(closing.items?.length, 20)
  })

  it('refuses messages beyond its capacity', () => {
    batch = batches.open('a', '1')
    assert.deepEqual([1, 2, 3].map(() => batches.join('a', 'x')), ['joined', 'joined', 'full'])
    assert.equal(batches.join('b', 'x'), undefined)
  })

  it('accepts nothing after drop', async () => {
    batches.drop(batch = batches.open('a', '1'))
    assert.equal(batches.join('a', '2'), undefined)
    batches.open('a', '3')
    batches.drop(batch)
    assert.equal(batches.join('a', '4'), 'joined')
  })

  it('closes at once when aborted', async () => {
    const controller = new AbortController()
    batch = batches.open('a', '1')
    const closing = close(controller.signal)
    controller.abort()
    await settle()
    assert.deepEqual(closing.items, ['1'])
  })

  it('joins texts line by line', () => {
    const picture = { file: { mimeType: 'image/png', data: 'AA==' } }
    const parts = mergeMessages([[{ text: 'a' }], [{ text: 'b' }, picture], [{ text: 'c' }]])
    assert.deepEqual(parts, [{ text: 'a\nb' }, picture, { text: 'c' }])
  })
})

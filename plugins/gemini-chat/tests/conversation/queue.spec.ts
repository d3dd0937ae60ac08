import assert from 'node:assert/strict'
import { BusyError, ConversationQueue } from '../../src/conversation/queue'
import { settle } from 'common/testing'
import { gate } from '../support/engine'

describe('ConversationQueue', () => {
  let queue: ConversationQueue
  let log: string[]

  beforeEach(() => {
    queue = new ConversationQueue()
    log = []
  })

  const task = (name: string, until?: PromiseLike<void>) => async (signal: AbortSignal) => {
    log.push(`${name} begins`)
    await until
    log.push(signal.aborted ? `${name} was stopped` : `${name} ends`)
    return name
  }

  it('runs tasks one after the other', async () => {
    const first = gate()
    const results = [queue.enqueue('a', task('1', first)), queue.enqueue('a', task('2')), queue.enqueue('a', task('3'))]
    await settle()
    assert.deepEqual(log, ['1 begins'])
    first.open()
    assert.deepEqual(await Promise.all(results), ['1', '2', '3'])
    assert.deepEqual(log, ['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends'])
  })

  it('runs conversations in parallel', async () => {
    const first = gate()
    const slow = queue.enqueue('a', task('slow', first))
    await queue.enqueue('b', task('fast'))
    assert.deepEqual(log, ['slow begins', 'fast begins', 'fast ends'])
    first.open()
    await slow
  })

  it('accepts at most 100 tasks, stopped ones included', async () => {
    const first = gate()
    const posted = [queue.enqueue('a', task('first', first))]
    while (posted.length < 100) {
      queue.stop('a')
      posted.push(queue.enqueue('a', task('next')))
    }
    await assert.rejects(queue.enqueue('a', task('one more')), BusyError)
    assert.equal(await queue.enqueue('b', task('elsewhere')), 'elsewhere')
    first.open()
    assert.equal((await Promise.all(posted)).length, 100)
    assert.equal(await queue.enqueue('a', task('one more')), 'one more')
    assert.equal(queue.size, 0)
  })

  it('continues after a task that fails', async () => {
    const failing = queue.enqueue('a', () => Promise.reject(new Error('no')))
    const next = queue.enqueue('a', task('next'))
    await assert.rejects(failing, /no/)
    assert.equal(await next, 'next')
  })

  it('accepts a task at the moment the last one ends', async () => {
    const results: Promise<string>[] = []
    const first = queue.enqueue('a', task('1'))
    // One microtask at a time, so that one of these falls between the end of the task and its removal.
    for (let index = 2; index < 12; index++) {
      results.push(queue.enqueue('a', task(String(index))))
      await Promise.resolve()
    }
    await first
    assert.deepEqual(await Promise.all(results), ['2', '3', '4', '5', '6', '7', '8', '9', '10', '11'])
    assert.deepEqual(log.filter(line => line.endsWith('begins')).length, 11)
  })

  it('keeps nothing of an idle conversation', async () => {
    await queue.enqueue('a', task('1'))
    await settle()
    assert.equal(queue.size, 0)
  })

  describe('with a limit', () => {
    it('refuses tasks beyond the limit', async () => {
      const first = gate()
      const running = queue.enqueue('a', task('1', first), 1)
      const waiting = queue.enqueue('a', task('2'), 1)
      await assert.rejects(queue.enqueue('a', task('3'), 1), BusyError)
      assert.equal(await queue.enqueue('b', task('other'), 1), 'other')
      first.open()
      assert.deepEqual(await Promise.all([running, waiting]), ['1', '2'])
      assert.equal(await queue.enqueue('a', task('4'), 1), '4')
    })

    it('does not count tasks that are being stopped', async () => {
      const first = gate()
      const running = queue.enqueue('a', task('1', first), 0)
      queue.stop('a')
      const next = queue.enqueue('a', task('2'), 0)
      first.open()
      assert.deepEqual(await Promise.all([running, next]), ['1', '2'])
    })
  })

  describe('when it is stopped', () => {
    it('aborts the running and the waiting tasks, in order', async () => {
      const first = gate()
      const results = [queue.enqueue('a', task('1', first)), queue.enqueue('a', task('2'))]
      await settle()
      assert.equal(queue.stop('a'), true)
      const after = queue.enqueue('a', task('3'))
      first.open()
      await Promise.all([...results, after])
      assert.deepEqual(log, ['1 begins', '1 was stopped', '2 begins', '2 was stopped', '3 begins', '3 ends'])
    })

    it('returns whether there was a task to stop', async () => {
      assert.equal(queue.stop('a'), false)
      const first = gate()
      const running = queue.enqueue('a', task('1', first))
      assert.equal(queue.stop('b'), false)
      assert.equal(queue.stop('a'), true)
      assert.equal(queue.stop('a'), false)
      first.open()
      await running
    })

    it('stops every conversation when it is disposed', async () => {
      const first = gate()
      const results = [queue.enqueue('a', task('1', first)), queue.enqueue('b', task('2', first))]
      await settle()
      queue.dispose()
      first.open()
      await Promise.all(results)
      assert.deepEqual(log.slice(2), ['1 was stopped', '2 was stopped'])
    })
  })
})

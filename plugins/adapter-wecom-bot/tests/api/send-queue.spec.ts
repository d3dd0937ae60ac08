import assert from 'node:assert/strict'
import { WecomApiError } from '../../src/api/client'
import { SendQueue } from '../../src/api/send-queue'
import { FakeClock } from 'common/testing'

const MINUTE = 60_000

describe('SendQueue', () => {
  let clock: FakeClock
  let queue: SendQueue
  let sent: { body: unknown, at: number }[]
  /** Outcomes of the next messages, which otherwise arrive. */
  let fates: (() => Promise<unknown> | void)[]
  let start: number

  function create(capacity = 1000, limit = 20) {
    queue = new SendQueue(async (body) => {
      await fates.shift()?.()
      sent.push({ body, at: clock.now() - start })
    }, clock, limit, MINUTE, capacity)
  }

  beforeEach(() => {
    clock = new FakeClock()
    start = clock.now()
    sent = []
    fates = []
    create()
  })

  const bodies = () => sent.map(({ body }) => body)
  const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => ({ index: from + index }))
  const refuse = (errcode: number) => () => Promise.reject(new WecomApiError('refused', errcode))
  const unsent = () => Promise.reject(new WecomApiError('unsent', undefined, 'ECONNREFUSED'))

  it('sends at most 20 messages in any minute, in order', async () => {
    const done = Promise.all(numbered(65).map(body => queue.push([body])))
    await clock.advance(0)
    assert.equal(sent.length, 20)
    assert.equal(queue.waiting, 45)
    await clock.advance(MINUTE - 1)
    assert.equal(sent.length, 20)
    await clock.advance(1)
    assert.equal(sent.length, 40)
    await clock.advance(2 * MINUTE)
    await done
    assert.deepEqual(bodies(), numbered(65))
    assert.equal(queue.waiting, 0)
    assert.ok(queue.isIdle)
    for (const { at } of sent) {
      assert.ok(sent.filter(other => other.at >= at && other.at < at + MINUTE).length <= 20)
    }
  })

  for (const [name, fate, pauses] of [
    ['too fast', refuse(45009), [10_000, 20_000, 40_000]],
    ['too many at once', refuse(45033), [10_000, 20_000, 40_000]],
    ['busy', refuse(-1), [2000, 4000, 8000]],
    ['not reached', unsent, [2000, 4000, 8000]],
  ] as const) {
    it(`retries with growing pauses while WeCom is ${name}, and holds back the rest`, async () => {
      fates.push(fate, fate, fate)
      const done = Promise.all([queue.push([{ index: 0 }]), queue.push([{ index: 1 }])])
      for (const pause of pauses) {
        await clock.advance(pause - 1)
        assert.equal(sent.length, 0)
        await clock.advance(1)
      }
      await done
      assert.deepEqual(bodies(), numbered(2))
    })

    it(`gives up if WeCom stays ${name}, and sends the next message`, async () => {
      fates.push(fate, fate, fate, fate)
      const lost = assert.rejects(queue.push([{ index: 0 }]), { name: 'WecomApiError' })
      const next = queue.push([{ index: 1 }])
      await clock.advance(2 * MINUTE)
      await lost
      await next
      assert.deepEqual(bodies(), [{ index: 1 }])
    })
  }

  it('counts retries for the limit', async () => {
    create(1000, 2)
    fates.push(refuse(-1))
    const done = Promise.all([queue.push([{ index: 0 }]), queue.push([{ index: 1 }])])
    await clock.advance(MINUTE - 1)
    assert.equal(sent.length, 1)
    await clock.advance(1)
    await done
    assert.equal(sent.length, 2)
  })

  it('does not retry refused and unconfirmed messages', async () => {
    for (const fate of [refuse(93000), () => Promise.reject(new WecomApiError('unconfirmed'))]) {
      fates.push(fate)
      await assert.rejects(queue.push([{}]), { name: 'WecomApiError' })
    }
    assert.equal(sent.length, 0)
  })

  it('does not send the rest of a batch after a failure', async () => {
    fates.push(() => {}, refuse(40058))
    let count = 0
    const lost = assert.rejects(queue.push(numbered(4), () => void count++), { errcode: 40058 })
    const next = queue.push([{ index: 9 }])
    await clock.advance(0)
    await lost
    await next
    assert.equal(count, 1)
    assert.deepEqual(bodies(), [{ index: 0 }, { index: 9 }])
  })

  it('does not mix batches', async () => {
    const done = Promise.all([queue.push(numbered(3)), queue.push(numbered(3, 3))])
    await clock.advance(0)
    await done
    assert.deepEqual(bodies(), numbered(6))
  })

  it('waits in order for a body that is not ready', async () => {
    const made = new Promise<object>(resolve => clock.setTimeout(() => resolve({ index: 0 }), 5000))
    const done = Promise.all([queue.push([made]), queue.push([{ index: 1 }])])
    await clock.advance(4999)
    assert.equal(sent.length, 0)
    await clock.advance(1)
    await done
    assert.deepEqual(bodies(), numbered(2))
  })

  it('fails if a body cannot be created', async () => {
    await assert.rejects(queue.push([{ index: 0 }, Promise.reject(new Error('no file')), { index: 2 }]), { message: 'no file' })
    assert.deepEqual(bodies(), [{ index: 0 }])
  })

  it('rejects a whole batch beyond the capacity', async () => {
    create(3, 1)
    const first = queue.push([{ index: 0 }])
    await clock.advance(0)
    await first
    const waiting = Promise.all(numbered(2, 1).map(body => queue.push([body])))
    await assert.rejects(queue.push(numbered(2)), { failure: 'unsent', message: /too many messages are waiting \(3\)/ })
    assert.equal(queue.waiting, 2)
    await clock.advance(2 * MINUTE)
    await waiting
    assert.deepEqual(bodies(), numbered(3))
  })

  it('resolves an empty batch at once', async () => {
    await queue.push([])
    assert.equal(clock.pending, 0)
  })

  describe('dispose', () => {
    it('rejects waiting messages and clears timers', async () => {
      const done = Promise.allSettled(numbered(25).map(body => queue.push([body])))
      await clock.advance(0)
      queue.dispose()
      const results = await done
      assert.deepEqual(results.map(({ status }) => status), [...Array(20).fill('fulfilled'), ...Array(5).fill('rejected')])
      assert.equal(clock.pending, 0)
      await assert.rejects(queue.push([{}]), { failure: 'unsent', message: /has stopped/ })
    })

    it('rejects a message that waits for a retry', async () => {
      fates.push(refuse(45009))
      const done = assert.rejects(queue.push([{}]), { failure: 'unsent' })
      await clock.advance(0)
      queue.dispose()
      await done
      assert.equal(clock.pending, 0)
    })

    it('lets the message that is being sent finish', async () => {
      fates.push(() => new Promise(resolve => clock.setTimeout(() => resolve(undefined), 100)))
      const first = queue.push([{ index: 0 }])
      const second = assert.rejects(queue.push([{ index: 1 }]), { failure: 'unsent' })
      await clock.advance(0)
      queue.dispose()
      await second
      await clock.advance(100)
      await first
      assert.deepEqual(bodies(), [{ index: 0 }])
    })
  })

  describe('close', () => {
    it('returns unsent messages, which rejectPending rejects', async () => {
      const done = Promise.allSettled(numbered(23).map(body => queue.push([body])))
      await clock.advance(0)
      assert.deepEqual(await queue.close(), { bodies: numbered(3, 20), lost: 0 })
      queue.rejectPending(new WecomApiError('deferred'))
      const failed = (await done).filter(result => result.status === 'rejected')
      assert.deepEqual(failed.map(({ reason }) => reason.failure), Array(3).fill('deferred'))
      assert.equal(clock.pending, 0)
    })

    it('returns a message that waits for a retry', async () => {
      fates.push(refuse(45009))
      const done = assert.rejects(queue.push([{ index: 0 }]), { failure: 'deferred' })
      await clock.advance(0)
      assert.deepEqual(await queue.close(), { bodies: [{ index: 0 }], lost: 0 })
      queue.rejectPending(new WecomApiError('deferred'))
      await done
    })

    it('counts messages whose body is not ready', async () => {
      const done = assert.rejects(queue.push([new Promise<object>(() => {}), { index: 1 }]), { failure: 'unsent' })
      assert.deepEqual(await queue.close(), { bodies: [{ index: 1 }], lost: 1 })
      queue.rejectPending(new WecomApiError('unsent'))
      await done
    })

    it('does not return a message that is being sent', async () => {
      for (const duration of [1000, 3000]) {
        create()
        fates.push(() => new Promise(resolve => clock.setTimeout(() => resolve(undefined), duration)))
        const first = queue.push([{ index: 0 }])
        const second = assert.rejects(queue.push([{ index: 1 }]), { failure: 'deferred' })
        await clock.advance(0)
        const rest = queue.close()
        await clock.advance(2000)
        assert.deepEqual(await rest, { bodies: [{ index: 1 }], lost: 0 })
        queue.rejectPending(new WecomApiError('deferred'))
        await second
        await clock.advance(1000)
        await first
      }
    })
  })
})

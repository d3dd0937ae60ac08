import assert from 'node:assert/strict'
import { FakeClock, settle } from 'common/testing'
import { MemoryBackend } from '../src/memory/memory-backend'
import { Membership } from '../src/service/membership'

const SECOND = 1000

/** Counts what instances ask of the server, can lose their messages, and can keep answers back. */
class ObservedBackend extends MemoryBackend {
  readonly asked: string[] = []
  losesMessages = false
  /** Set while answers are kept back: releases them. */
  held?: (() => void)[]

  override async heartbeat(instance: string, ttlMs: number) {
    this.asked.push(instance)
    const found = await super.heartbeat(instance, ttlMs)
    if (this.held) await new Promise<void>(resolve => this.held!.push(resolve))
    return found
  }

  override async publish(topic: string, message: string) {
    if (!this.losesMessages) await super.publish(topic, message)
  }
}

describe('the instances that are there', () => {
  let clock: FakeClock, backend: ObservedBackend, isDegraded: boolean
  let all: Membership[], changes: string[]
  beforeEach(() => {
    clock = new FakeClock()
    backend = new ObservedBackend(clock)
    isDegraded = false
    all = []
    changes = []
  })
  afterEach(async () => {
    for (const each of all) await each.dispose()
    assert.equal(clock.pending, 0)
  })

  function add(instance: string) {
    const changed = (names: readonly string[]) => void changes.push(`${instance}: ${names.join(' ')}`)
    const membership = new Membership(backend, { instance, clock, isDegraded: () => isDegraded, changed })
    all.push(membership)
    return membership
  }

  /** Instances that have started, and have seen each other. */
  async function start(...names: string[]) {
    const started = names.map(add)
    for (const each of started) await each.start()
    await clock.advance(SECOND)
    for (const list of [changes, backend.asked]) list.splice(0)
    return started
  }

  it('know one that starts at once, without asking', async () => {
    const [a, b] = await start('a', 'b')
    const c = add('c')
    await c.start()
    for (const each of [a, b, c]) assert.deepEqual(each.instances, ['a', 'b', 'c'])
    assert.deepEqual(backend.asked, ['c'])
    assert.deepEqual(changes, ['c: a b c', 'a: a b c', 'b: a b c'])
  })

  it('do not count on one that begins to stop, at once, which counts on them', async () => {
    const [a, b, c] = await start('a', 'b', 'c')
    await b.leave()
    assert.deepEqual([a, b, c].map(each => each.instances), [['a', 'c'], ['a', 'c'], ['a', 'c']])
    assert.deepEqual(changes, ['a: a c', 'c: a c'])
    await b.dispose()
    await clock.advance(20 * SECOND)
    assert.deepEqual(changes, ['a: a c', 'c: a c'])
  })

  it('do not count on each other where all begin to stop', async () => {
    const [a, b] = await start('a', 'b')
    await Promise.all([a.leave(), b.leave()])
    assert.deepEqual([a.instances, b.instances], [[], []])
    await clock.advance(20 * SECOND)
    assert.deepEqual([a.instances, b.instances], [[], []])
  })

  it('are seen by one that is stopping as long as they are there', async () => {
    const [a, b] = await start('a', 'b')
    await a.leave()
    await clock.advance(20 * SECOND)
    assert.deepEqual(a.instances, ['b'])
    backend.losesMessages = true
    await b.dispose()
    await clock.advance(5 * SECOND)
    assert.deepEqual(a.instances, [])
  })

  it('are found within five seconds where messages are lost', async () => {
    const [a, b] = await start('a', 'b')
    backend.losesMessages = true
    const c = add('c')
    await c.start()
    await b.dispose()
    await clock.advance(5 * SECOND)
    assert.deepEqual([a.instances, c.instances], [['a', 'c'], ['a', 'c']])
  })

  it('are missed after fifteen seconds where they died', async () => {
    const [a] = await start('a')
    await backend.heartbeat('dead', 15 * SECOND)
    await clock.advance(14 * SECOND)
    assert.deepEqual(a.instances, ['a', 'dead'])
    await clock.advance(6 * SECOND)
    assert.deepEqual(a.instances, ['a'])
  })

  it('are known a second after the start where the server knew the subscription too late', async () => {
    backend.losesMessages = true
    const [b, c] = [add('b'), add('c')]
    await b.start()
    await c.start()
    backend.losesMessages = false
    assert.deepEqual(b.instances, ['b'])
    await clock.advance(SECOND)
    assert.deepEqual([b.instances, c.instances], [['b', 'c'], ['b', 'c']])
  })

  for (const [what, change, expected] of [
    ['comes', async () => add('c').start(), ['a', 'b', 'c']],
    ['begins to stop', async () => all[1].leave(), ['a']],
  ] as const) {
    it(`keep what they heard of one that ${what} while an older answer was under way`, async () => {
      const [a] = await start('a', 'b')
      const held: (() => void)[] = backend.held = []
      const looking = a.restore()
      await settle()
      backend.held = undefined
      await change()
      for (const release of held) release()
      await looking
      assert.deepEqual(a.instances, expected)
    })
  }

  it('see each other at once when the server answers again, empty', async () => {
    const [a, b] = await start('a', 'b')
    isDegraded = true
    for (const name of ['a', 'b']) await backend.leave(name)
    isDegraded = false
    await a.restore()
    assert.deepEqual(a.instances, ['a'])
    await b.restore()
    assert.deepEqual([a.instances, b.instances], [['a', 'b'], ['a', 'b']])
  })

  it('are not announced while the server does not answer', async () => {
    const [a] = await start('a')
    isDegraded = true
    await add('b').start()
    assert.deepEqual(changes, [])
    isDegraded = false
    await a.restore()
    assert.deepEqual(changes, ['a: a b', 'b: a b'])
  })

  it('ask every five seconds, however many come at once', async () => {
    const [a] = await start('a')
    await Promise.all(Array.from({ length: 20 }, (_, index) => add(`other-${index}`).start()))
    backend.asked.splice(0)
    await clock.advance(10 * SECOND)
    assert.equal(backend.asked.filter(name => name === 'a').length, 2)
    assert.equal(a.instances.length, 21)
  })

  it('hear no more of one that was stopped before it had started', async () => {
    const a = add('a')
    await a.dispose()
    await a.start()
    assert.deepEqual(await backend.living(), [])
  })
  it('stay known where something else is told on their topic', async () => {
    const [a] = await start('a', 'b')
    for (const message of ['', 'no JSON', 'null', '[]', '{}', '{"instance":1,"isThere":true}', '{"instance":"b"}']) {
      await assert.doesNotReject(backend.publish('instances', message))
    }
    assert.deepEqual([a.instances, changes], [['a', 'b'], []])
  })
})

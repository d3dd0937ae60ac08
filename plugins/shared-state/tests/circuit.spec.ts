import assert from 'node:assert/strict'
import { format } from 'node:util'
import { FakeClock } from 'common/testing'
import { Circuit } from '../src/redis/circuit'

describe('Circuit', () => {
  let clock: FakeClock, circuit: Circuit, lines: string[], asked: number, reconnects: number, healed: number
  let fails: boolean
  beforeEach(() => {
    clock = new FakeClock()
    lines = []
    asked = reconnects = healed = 0
    fails = false
    const log = (...args: unknown[]) => void lines.push(format(...args))
    circuit = new Circuit({
      clock,
      logger: { info: log, warn: log } as never,
      started: Promise.resolve(),
      probe: async () => { if (fails) throw new Error('no answer') },
      reasonOf: error => error,
      reconnect: () => reconnects++,
      healed: () => healed++,
    })
  })
  afterEach(() => circuit.dispose())

  const ask = () => circuit.run(async () => {
    asked++
    if (fails) throw new Error('no answer')
    return 'server'
  }, async () => 'substitute')

  it('asks the server as long as it answers', async () => {
    assert.equal(await ask(), 'server')
    assert.equal(circuit.isOpen, false)
    assert.equal(clock.pending, 0)
  })

  it('asks no more after a failure, until a probe is answered', async () => {
    fails = true
    assert.deepEqual([await ask(), await ask(), await ask()], ['substitute', 'substitute', 'substitute'])
    assert.equal(asked, 1)
    assert.equal(circuit.isOpen, true)
    fails = false
    await clock.advance(250)
    assert.equal(circuit.isOpen, false)
    assert.equal(healed, 1)
    assert.equal(await ask(), 'server')
    assert.deepEqual(lines, [])
  })

  it('tells for five seconds after a failure that other instances may not have noticed its end', async () => {
    assert.equal(circuit.isRecovering, false)
    fails = true
    await ask()
    assert.equal(circuit.isRecovering, true)
    fails = false
    await clock.advance(250)
    assert.equal(circuit.isOpen, false)
    await clock.advance(4900)
    assert.equal(circuit.isRecovering, true)
    await clock.advance(200)
    assert.equal(circuit.isRecovering, false)
  })

  it('waits a second for an answer', async () => {
    const answer = circuit.run(() => new Promise<string>(() => {}), async () => 'substitute')
    await clock.advance(999)
    assert.equal(circuit.isOpen, false)
    await clock.advance(1)
    assert.equal(await answer, 'substitute')
    assert.equal(circuit.isOpen, true)
  })

  it('takes an answer that arrived while the process was busy', async () => {
    let arrive!: (text: string) => void
    const answer = circuit.run(() => new Promise<string>(resolve => arrive = resolve), async () => 'substitute')
    await clock.advance(500)
    setImmediate(() => arrive('server'))
    void clock.jump(5000)
    assert.equal(await answer, 'server')
    assert.equal(circuit.isOpen, false)
  })

  it('logs one line a minute and one at the end', async () => {
    fails = true
    await ask()
    await clock.advance(59_000)
    assert.equal(lines.length, 1)
    await clock.advance(60_000)
    assert.equal(lines.length, 2)
    fails = false
    await clock.advance(1000)
    assert.equal(lines.length, 3)
    assert.match(lines[0], /^Redis does not answer \(no answer\): this instance acts alone/)
    assert.match(lines[2], /answers again/)
    fails = true
    await ask()
    await clock.advance(250)
    assert.equal(lines.length, 4)
  })

  it('connects again where the connection stands but nothing answers', async () => {
    fails = true
    await ask()
    await clock.advance(250 + 4 * 1000)
    assert.equal(reconnects, 1)
  })

  it('counts failures, and stops when disposed of', async () => {
    fails = true
    await ask()
    assert.equal(circuit.epoch, 1)
    circuit.dispose()
    await clock.advance(10_000)
    assert.deepEqual(lines, [])
  })
})

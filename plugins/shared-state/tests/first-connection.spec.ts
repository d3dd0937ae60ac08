import assert from 'node:assert/strict'
import { FakeClock, settle } from 'common/testing'
import { FIRST_CONNECTION_TIMEOUT_MS, firstConnection } from '../src/redis/first-connection'

describe('the first connection', () => {
  let clock: FakeClock, connect: () => void, isOver: boolean
  beforeEach(() => {
    clock = new FakeClock()
    isOver = false
    const settled = new Promise<void>(resolve => connect = resolve)
    void firstConnection(settled, clock).then(() => isOver = true)
  })

  it('is waited for until the server answers or refuses', async () => {
    await clock.advance(FIRST_CONNECTION_TIMEOUT_MS / 2)
    assert.equal(isOver, false)
    connect()
    await settle()
    await settle()
    assert.equal(isOver, true)
    assert.equal(clock.pending, 0)
  })

  it('is not waited for any longer than two seconds', async () => {
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 50) await clock.advance(50)
    }
    await pass(FIRST_CONNECTION_TIMEOUT_MS / 2)
    assert.equal(isOver, false)
    await pass(FIRST_CONNECTION_TIMEOUT_MS)
    assert.equal(isOver, true)
  })

  it('is still waited for after the process was busy for a minute', async () => {
    await clock.jump(60_000)
    await settle()
    assert.equal(isOver, false)
    connect()
    await settle()
    await settle()
    assert.equal(isOver, true)
  })
})

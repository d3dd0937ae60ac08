import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { TurnRegistry } from '../../src/turn/turn-registry'

describe('TurnRegistry', () => {
  let clock: FakeClock
  let turns: TurnRegistry

  beforeEach(() => {
    clock = new FakeClock()
    turns = new TurnRegistry(clock)
    turns.open(1)
  })

  it('knows a turn from its session until the chain ends', async () => {
    assert.ok(turns.get(1))
    assert.equal(turns.get(2), undefined)
    assert.equal(turns.get(undefined), undefined)
    await turns.end(1)
    assert.equal(turns.get(1), undefined)
    await turns.end(1)
  })

  it('ends a turn by itself when the event of the chain never comes', async () => {
    turns.returned(1)
    await clock.advance(4999)
    assert.ok(turns.get(1))
    await clock.advance(1)
    assert.equal(turns.get(1), undefined)
  })

  it('leaves no timer behind', async () => {
    turns.returned(1)
    turns.returned(2)
    await turns.end(1)
    assert.equal(clock.pending, 0)
  })
})

import assert from 'node:assert/strict'
import { SingleFlight } from 'common/async'

describe('SingleFlight', () => {
  it('runs a task once for calls of the same key at the same time', async () => {
    const flights = new SingleFlight<number>()
    let runs = 0
    const task = async () => {
      runs++
      await new Promise(setImmediate)
      return runs
    }
    const results = await Promise.all([flights.run('a', task), flights.run('a', task), flights.run('b', task)])
    assert.deepEqual(results, [2, 2, 2])
    assert.equal(runs, 2)
  })

  it('starts the task before it returns, and knows it until it has ended', async () => {
    const flights = new SingleFlight<void>()
    let release = () => {}
    const run = flights.run('a', () => new Promise(resolve => release = resolve))
    assert.equal(flights.get('a'), run)
    assert.deepEqual([flights.size, flights.all()], [1, [run]])
    release()
    await run
    assert.deepEqual([flights.size, flights.get('a')], [0, undefined])
  })

  it('runs again after the last run has ended, whether it failed or not', async () => {
    const flights = new SingleFlight<string>()
    await assert.rejects(flights.run('a', async () => {
      throw new Error('first')
    }), /first/)
    assert.equal(await flights.run('a', async () => 'second'), 'second')
    assert.equal(await flights.run('a', async () => 'third'), 'third')
  })

  it('gives the same failure to all calls', async () => {
    const flights = new SingleFlight<void>()
    const fail = async () => {
      await new Promise(setImmediate)
      throw new Error('all')
    }
    const results = await Promise.allSettled([flights.run('a', fail), flights.run('a', fail)])
    assert.deepEqual(results.map(({ status }) => status), ['rejected', 'rejected'])
    assert.equal(flights.size, 0)
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { isBuiltin } from 'node:module'
import { v8Flags } from '../../bin/instance/v8-flags'

/** Handles requests of which 2,000 are alive at a time, then those that end at once. */
const AFTER_A_BURST = `
  const { getHeapSpaceStatistics } = require('node:v8')
  const oldGeneration = () => getHeapSpaceStatistics().find(space => space.space_name === 'old_space').space_used_size
  class Request {
    constructor(id) {
      this.id = id
      this.headers = { host: 'localhost', id }
      this.chunks = []
      this.body = { text: new Array(200).fill(id), request: this }
    }
  }
  const alive = []
  function handle(id, limit) {
    const request = new Request(id)
    request.chunks.push({ request })
    if (!limit) return
    alive.push(request)
    if (alive.length > limit) alive.shift()
  }
  for (let id = 0; id < 100_000; id++) handle(id, 2000)
  alive.length = 0
  for (let id = 0; id < 20_000; id++) handle(id, 0)
  gc()
  const before = oldGeneration()
  let most = before
  for (let id = 0; id < 100_000; id++) {
    handle(id, 0)
    if (id % 1000 === 0) most = Math.max(most, oldGeneration())
  }
  console.log(most - before)
`

describe('flags for the V8 of the worker', () => {
  it('are accepted by this Node.js', () => {
    const { status, stderr } = spawnSync(process.execPath, [...v8Flags(), '-e', ''], { encoding: 'utf8' })
    assert.equal(stderr, '')
    assert.equal(status, 0)
  })

  it('keep the optimizing compiler away from SQLite during the start, where SQLite is WebAssembly', () => {
    const isKept = v8Flags().some(flag => flag.startsWith('--wasm-tiering-budget='))
    assert.equal(isKept, !isBuiltin('node:sqlite'))
  })

  it('let what requests leave be collected while it is young, after many requests at once', () => {
    // Without the flag, V8 does it in every other run.
    for (let run = 0; run < 6; run++) {
      const { stdout } = spawnSync(process.execPath, [...v8Flags(), '--expose-gc', '-e', AFTER_A_BURST], { encoding: 'utf8' })
      assert.match(stdout, /^\d+\n$/)
      assert.ok(Number(stdout) < 2_000_000, `${stdout.trim()} bytes are kept until the next full collection`)
    }
  })
})

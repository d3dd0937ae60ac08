import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { isBuiltin } from 'node:module'
import { v8Flags } from '../../bin/instance/v8-flags'

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
})

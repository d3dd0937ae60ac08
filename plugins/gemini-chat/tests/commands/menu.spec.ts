import assert from 'node:assert/strict'
import { formatMenu, pickFromMenu } from '../../src/commands/menu'

describe('a numbered menu', () => {
  const names = ['gemini-3.8-flash', '写 作', '7']

  it('numbers the names', () => {
    assert.equal(formatMenu(names), '1. gemini-3.8-flash\n2. 写 作\n3. 7')
  })

  it('finds a choice by name, then by number', () => {
    assert.deepEqual(['“写 作”', '「写 作」', '写 作', '1', '3', '7', '0', '4', '1.', 'constructor', ''].map(choice => pickFromMenu(names, choice)), [
      '写 作', '写 作', '写 作', 'gemini-3.8-flash', '7', '7', undefined, undefined, undefined, undefined, undefined,
    ])
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { BusyError, EngineError, GeminiChatError, MediaError } from '../../src'

describe('error codes', () => {
  const read = (file: string) => readFileSync(resolve(__dirname, '../..', file), 'utf8')
  const codesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, code]) => code).sort()

  it('are all explained in both READMEs', () => {
    const declared = codesIn(read('src/util/errors.ts'), /\| '(gemini-chat\/[\w-]+)'/g)
    assert.equal(declared.length, 22)
    for (const file of ['README.md', 'README.en.md']) {
      assert.deepEqual(codesIn(read(file), /^\| `(gemini-chat\/[\w-]+)`/gm), declared, file)
    }
  })

  it('come with every error class the plugin exports', () => {
    const errors = [new BusyError(), new MediaError('size', ''), new EngineError('rate', '')]
    for (const error of errors) assert.ok(error instanceof GeminiChatError)
    assert.deepEqual(errors.map(({ code }) => code),
      ['gemini-chat/conversation-busy', 'gemini-chat/file-too-large', 'gemini-chat/rate-limited'])
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/instance'
import { repositoryFiles } from '../support/repository'

// Written in two parts, so that this file does not contain them.
const words = [['no', 'body'], ['who', 'ever'], ['in ', 'vain'], ['some', 'body'], ['大白', '话'], ['带病', '运行']]
const forbidden = new RegExp(words.map(parts => parts.join('')).map(word => /\w/.test(word) ? `\\b${word}\\b` : word).join('|'), 'i')

/** Quotation marks other than 「」 next to a Chinese character. */
const quotation = /[“”]\p{Script=Han}|\p{Script=Han}[“”]/u

/** These need other quotation marks as test data, or recognise them in user input. */
const quoting = [
  'plugins/adapter-wecom-bot/tests/render/markdown.spec.ts', 'plugins/adapter-wecom-bot/tests/render/escape.spec.ts',
  'plugins/gemini-chat/tests/commands/menu.spec.ts',
]

function linesWith(pattern: RegExp, files: string[]): string[] {
  return files.flatMap(file => readFileSync(join(root, file), 'utf8').split('\n').flatMap((line, index) => {
    return pattern.test(line) ? [`${file}:${index + 1}: ${line.trim().slice(0, 120)}`] : []
  }))
}

describe('wording', () => {
  const files = repositoryFiles().filter(file => /\.(?:ts|mts|mjs|js|yml|md|example|conf|service)$/.test(file))

  it('is plain in code, texts and documents', () => {
    assert.ok(files.length > 300)
    assert.deepEqual(linesWith(forbidden, files), [])
  })

  it('uses 「」 as quotation marks in Chinese', () => {
    assert.deepEqual(linesWith(quotation, files.filter(file => !quoting.includes(file))), [])
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { WecomErrorCode } from '../../src'
import {
  CallbackError, CardError, ConfigError, DeliveryError, MediaError, NewsError, ProxyError, WecomApiError, WecomError,
} from '../../src'

describe('error codes', () => {
  const read = (file: string) => readFileSync(resolve(__dirname, '../..', file), 'utf8')
  const codesIn = (text: string) => [...text.matchAll(/[`'](wecom-bot\/(?:[a-z]+-)+[a-z]+)[`']/g)].map(([, code]) => code).sort()

  it('are all explained in both READMEs', () => {
    const declared = codesIn(read('src/util/errors.ts'))
    assert.equal(declared.length, 33)
    for (const file of ['README.md', 'README.en.md']) {
      const rows = read(file).split('\n').filter(line => line.startsWith('| `wecom-bot/') && / \| .+ \| /.test(line))
      const explained = rows.flatMap(row => codesIn(row.split(' | ')[0]))
      assert.deepEqual(explained.filter(code => declared.includes(code)).sort(), declared, file)
    }
  })

  it('come with every error class the plugin exports', () => {
    const errors: WecomError[] = [
      new CallbackError('signature'),
      new CardError('card_type', 'is required'),
      new ConfigError('the same token'),
      new NewsError('articles', 'is required'),
      new DeliveryError('wecom-bot/no-route', 3, 'not delivered'),
      new WecomApiError('refused', 93000),
      new ProxyError('wecom-bot/proxy-failed', 'refused'),
      new MediaError('wecom-bot/media-too-large', 'too large'),
    ]
    for (const error of errors) assert.ok(error instanceof WecomError && error instanceof Error)
    assert.deepEqual(errors.map(({ name, code }) => [name, code]), [
      ['CallbackError', 'wecom-bot/callback-signature'],
      ['CardError', 'wecom-bot/invalid-card'],
      ['ConfigError', 'wecom-bot/conflicting-bots'],
      ['NewsError', 'wecom-bot/invalid-news'],
      ['DeliveryError', 'wecom-bot/no-route'],
      ['WecomApiError', 'wecom-bot/api-refused'],
      ['ProxyError', 'wecom-bot/proxy-failed'],
      ['MediaError', 'wecom-bot/media-too-large'],
    ] satisfies [string, WecomErrorCode][])
  })

  it('of a failed API call are kept as the cause', () => {
    const cause = new WecomApiError('refused', 93000)
    const error = new DeliveryError('wecom-bot/delivery-refused', 3, cause.message, 0, { cause })
    assert.equal(error.cause, cause)
  })
})

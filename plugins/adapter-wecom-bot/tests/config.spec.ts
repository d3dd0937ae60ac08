import assert from 'node:assert/strict'
import type { Schema } from 'koishi'
import { Config } from '../src'
import { checkCredentials, configWarnings } from '../src/config'
import enUS from '../src/locales/en-US.yml'
import zhCN from '../src/locales/zh-CN.yml'
import { encodingAESKey, token } from './support/world'

/** Paths of all texts. */
function* paths(value: unknown, path = ''): Generator<string> {
  if (typeof value === 'string') return yield path
  for (const [key, inner] of Object.entries(value as object)) yield* paths(inner, `${path}/${key}`)
}

/** Names of all described settings. */
function described(texts: Record<string, unknown>[]) {
  return new Set(texts.flatMap(group => Object.keys(group)).filter(key => !key.startsWith('$')))
}

/** All settings of all groups. */
function* settings({ list = [], dict = {} }: Schema): Generator<[name: string, schema: Schema]> {
  yield* Object.entries(dict) as [string, Schema][]
  for (const group of list) yield* settings(group)
}

const secrets = ['token', 'encodingAESKey', 'previousToken', 'previousEncodingAESKey', 'webhookKey', 'webhookUrl', 'healthToken']

function configure(settings: object) {
  return Config({ token, encodingAESKey, ...settings } as Config)
}

describe('Config', () => {
  it('requires only the two secrets of the console', () => {
    assert.deepEqual(configure({}), {
      ...configure({}),
      path: '/api/wecom/callback',
      replyMode: 'passive_stream',
      streamStyle: 'stream',
      placeholder: '<think></think>',
      receiveId: '',
      firstReply: 5,
      streamWindow: 330_000,
      retention: 600_000,
      freshness: 300_000,
    })
  })

  for (const settings of [
    { token: '' }, { token: 'with a blank ' }, { encodingAESKey: 'x'.repeat(42) }, { path: 'callback' },
    { path: '/' }, { replyMode: 'other' }, { streamStyle: 'other' }, { firstReply: 5000 }, { firstReply: -1 },
    { streamWindow: 361_000 }, { freshness: 0 }, { maxTurns: 0 }, { trustedHosts: 'localhost' },
  ]) {
    it(`refuses ${JSON.stringify(settings)}`, () => {
      assert.throws(() => configure(settings))
    })
  }

  for (const settings of [{ token: undefined }, { encodingAESKey: undefined }]) {
    it(`is incomplete without ${Object.keys(settings)}`, () => {
      assert.throws(() => checkCredentials(configure(settings)), { code: 'wecom-bot/missing-credentials' })
    })
  }

  it('describes every setting in Chinese and English', () => {
    const names = [...settings(Config)].map(([name]) => name)
    assert.ok(names.length > 15)
    for (const texts of [zhCN, enUS]) {
      const known = described(texts._config)
      for (const name of names) assert.ok(known.has(name), name)
    }
    assert.deepEqual([...paths(zhCN)].sort(), [...paths(enUS)].sort())
  })

  it('hides secrets', () => {
    const all = new Map(settings(Config))
    for (const name of secrets) assert.equal(all.get(name)!.meta!.role, 'secret', name)
    assert.equal(all.get('webhooks')!.inner!.meta!.role, 'secret')
  })
})

describe('configWarnings', () => {
  const config = (settings: object) => Config({ token: 'T', encodingAESKey: 'A'.repeat(43), ...settings } as never)

  it('are empty for the defaults', () => {
    assert.deepEqual(configWarnings(config({})), [])
  })

  it('name a retention that is too short, and both cures', () => {
    const [warning, ...others] = configWarnings(config({ retention: 60_000, freshness: 50_000 }))
    assert.match(warning, /retention to 100000 or more, or freshness to 30000 or less/)
    assert.deepEqual(others, [])
  })

  it('name an incomplete app', () => {
    for (const settings of [{ agentId: '1' }, { secret: 'S' }, { corpId: 'C', secret: 'S' }]) {
      assert.match(configWarnings(config(settings)).join(), /^the app is not used for sending: set all of/)
    }
    for (const settings of [{ corpId: 'C' }, { corpId: 'C', agentId: '1', secret: 'S' }]) {
      assert.deepEqual(configWarnings(config(settings)), [])
    }
  })
})

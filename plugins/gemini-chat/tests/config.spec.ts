import assert from 'node:assert/strict'
import type { Schema } from 'koishi'
import { Context } from 'koishi'
import { Config } from '../src'
import { unknownSettings } from '../src/config'
import * as plugin from '../src'

describe('the settings', () => {
  const create = (config: object) => new Config(config as Config)

  it('have defaults for everything but what has none', () => {
    const settings: Record<string, unknown> = { ...create({}) }
    const without = fields(Config as never).map(([name]) => name).filter(name => settings[name] === undefined)
    assert.deepEqual(without, ['proxy'])
  })

  it('have defaults that work without configuration', () => {
    const { model, fallbackModels, historyTokens, scope, policy, streaming, buttons, idleExpiry } = create({})
    assert.deepEqual([model, ...fallbackModels], ['gemini-3.8-flash', 'gemini-3.6-flash', 'gemini-3.5-flash-lite'])
    assert.deepEqual({ historyTokens, scope, policy, streaming, buttons, idleExpiry }, {
      historyTokens: 32_000,
      scope: 'user-in-channel',
      policy: 'queue',
      streaming: true,
      buttons: false,
      idleExpiry: 0,
    })
  })

  it('may be left undefined, as an unset environment variable leaves them', () => {
    const names = Object.keys(create({}))
    assert.deepEqual({ ...create(Object.fromEntries(names.map(name => [name, undefined]))) }, { ...create({}) })
  })

  it('are checked', () => {
    assert.throws(() => create({ apiKeys: 'key' }), /apiKeys/)
    assert.throws(() => create({ apiKeys: [{ bucket: 'a' }] }), /apiKeys/)
    assert.throws(() => create({ historyTokens: -1 }), /historyTokens/)
    assert.throws(() => create({ requestRetries: 100 }), /requestRetries/)
    for (const name of ['a/b', 'gemini', 'openai', '']) {
      assert.throws(() => create({ providers: [{ name, baseUrl: 'https://x.example.com/v1' }] }))
    }
  })

  /** All settings with their schemas. */
  function fields(schema: Schema): [string, Schema][] {
    if (schema.type === 'intersect') return schema.list!.flatMap(fields)
    return Object.entries(schema.dict!).flatMap(([name, field]): [string, Schema][] => {
      return field?.type === 'object' ? fields(field) : [[name, field]]
    })
  }

  it('explain every choice they offer', () => {
    for (const name of ['scope', 'policy']) {
      const [, { list }] = fields(Config as never).find(field => field[0] === name)!
      for (const { meta } of list!) assert.deepEqual(Object.keys(meta.description as object), ['zh-CN', 'en-US'])
    }
  })

  it('are explained in Chinese and English, group by group', () => {
    for (const group of Config.list!) {
      assert.deepEqual(Object.keys(group.meta.description as object), ['zh-CN', 'en-US'])
    }
    for (const [name, { meta }] of fields(Config as never)) {
      assert.deepEqual(Object.keys(meta.description as object), ['zh-CN', 'en-US'], name)
    }
  })

  function isSecret({ type, inner, list, dict, meta }: Schema): boolean {
    const parts = type === 'array' ? [inner!] : type === 'union' ? list! : Object.values(dict ?? {})
    return meta.role === 'secret' || parts.some(isSecret)
  }

  it('hide secrets', () => {
    const secrets = fields(Config as never).filter(([, schema]) => isSecret(schema))
    assert.deepEqual(secrets.map(([name]) => name), ['apiKeys', 'proxy', 'openaiApiKeys', 'openaiProxy', 'providers'])
  })

  it('that are unknown are logged, except those of the loader', () => {
    assert.deepEqual(unknownSettings(create({ model: 'a' })), [])
    assert.deepEqual(unknownSettings(create({ $if: true, dingtalk: { streaming: 'live' } })), ['dingtalk'])
  })

  it('that are invalid are explained in chat instead of silencing the plugin', async () => {
    const app = new Context()
    const fork = app.plugin(plugin, create({ apiKeys: ['k'], proxy: 'not a proxy' }))
    await app.start()
    assert.equal(fork.runtime.status, 2)
    await app.stop()
  })
})

import assert from 'node:assert/strict'
import { Schema } from 'koishi'
import type { Dict } from 'koishi'
import { adaptForm, withoutRequired } from '../../bin/instance/settings/console-form'
import { Overlay } from '../../bin/instance/settings/overlay'

function overlay(env: Record<string, string>, plugins: Dict) {
  const result = new Overlay(env)
  result.locate(plugins)
  return result
}

describe('Overlay', () => {
  const dingtalk = { 'adapter-dingtalk:d': { appkey: 'file', api: { endpoint: 'file', other: 1 } } }
  const env = { DINGTALK_CLIENT_ID: 'env', DINGTALK_API_ENDPOINT: 'http://env', DINGTALK_AGENT_ID: '7' }

  it('replaces settings, nested ones too, without changing the file', () => {
    const found = overlay(env, dingtalk).apply('adapter-dingtalk:d', dingtalk['adapter-dingtalk:d'])
    assert.deepEqual(found, { appkey: 'env', api: { endpoint: 'http://env', other: 1 }, agentId: 7 })
    assert.deepEqual(dingtalk['adapter-dingtalk:d'], { appkey: 'file', api: { endpoint: 'file', other: 1 } })
  })

  it('gives back the settings of the file for saving', () => {
    const applied = overlay(env, dingtalk)
    const changed = { ...applied.apply('adapter-dingtalk:d', dingtalk['adapter-dingtalk:d']), secret: 'new' }
    assert.deepEqual(applied.remove('adapter-dingtalk:d', changed, dingtalk['adapter-dingtalk:d']),
      { ...dingtalk['adapter-dingtalk:d'], secret: 'new' })
  })

  it('applies to the first entry of a plugin only, also when it is switched off', () => {
    const plugins = { 'group:g': { '~gemini-chat:one': {}, 'gemini-chat:two': {} } }
    const applied = overlay({ GEMINI_MODEL: 'm' }, plugins)
    assert.deepEqual(applied.apply('gemini-chat:one', {}), { model: 'm' })
    assert.deepEqual(applied.apply('gemini-chat:two', { model: 'x' }), { model: 'x' })
  })

  it('applies to a plugin that is added in the console', () => {
    assert.deepEqual(overlay({ GEMINI_MODEL: 'm' }, {}).apply('gemini-chat:new', {}), { model: 'm' })
  })
})

describe('withoutRequired', () => {
  const schema: Schema = Schema.intersect([
    Schema.object({ token: Schema.string().required(), key: Schema.string().required() }),
    Schema.object({ api: Schema.object({ endpoint: Schema.string().required() }) }),
  ])

  it('lets the named settings be missing, and no others', () => {
    const relaxed = withoutRequired(schema, ['token', 'api.endpoint', 'unknown'])
    assert.doesNotThrow(() => relaxed({ key: 'k' }))
    assert.throws(() => relaxed({ token: 't' }), /key/)
  })

  it('leaves the plugin\'s own form as it is', () => {
    withoutRequired(schema, ['token', 'key'])
    assert.throws(() => schema({ api: { endpoint: 'x' } }), /missing required/)
  })
})

describe('adaptForm', () => {
  const schema: Schema = Schema.intersect([
    Schema.object({ style: Schema.string(), secret: Schema.string() }),
    Schema.object({ buttons: Schema.number() }).role('settings-group', { shownIf: { setting: 'style', is: 'card' } }),
    Schema.object({ format: Schema.string() }).role('settings-group', { shownIf: { setting: 'secret', isSet: true } }),
  ])

  it('lets groups go by the values of variables, without the value of a secret', () => {
    const override = (path: string, value: string) => ({ variable: 'GEMINI_MODEL' as const, path, value })
    const form = adaptForm(schema, [override('style', 'card'), override('secret', 'app-secret')])
    assert.deepEqual(form.list!.map(({ meta }) => meta.extra?.variable), [undefined, 'card', true])
    assert(!JSON.stringify(form).includes('app-secret'))
    assert.deepEqual(schema.list!.map(({ meta }) => meta.extra?.variable), [undefined, undefined, undefined])
  })
})

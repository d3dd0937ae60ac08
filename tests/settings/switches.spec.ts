import assert from 'node:assert/strict'
import type { Dict } from 'koishi'
import { Overlay } from '../../bin/instance/settings/overlay'
import { Switches } from '../../bin/instance/settings/switches'

const wecom = { WECOM_BOT_TOKEN: 't', WECOM_BOT_ENCODING_AES_KEY: 'k' }
const dingtalk = { DINGTALK_CLIENT_ID: 'i', DINGTALK_CLIENT_SECRET: 's' }
const off = { '~adapter-wecom-bot:w': {}, '~adapter-dingtalk:d': {}, '~dingtalk-companion:c': {} }
const filled = {
  'adapter-wecom-bot:w': { token: 't', encodingAESKey: 'k' },
  'adapter-dingtalk:d': { appkey: 'i', secret: 's' },
  'dingtalk-companion:c': {},
}

function switches(plugins: Dict, env: Record<string, string>) {
  const overlay = new Overlay(env)
  overlay.locate(plugins)
  return new Switches(plugins, env, overlay)
}

describe('Switches', () => {
  const cases: [name: string, plugins: Dict, env: Record<string, string>, keys: string[]][] = [
    ['leave everything off without credentials', off, {}, Object.keys(off)],
    ['switch on what has credentials in variables', off, wecom,
      ['adapter-wecom-bot:w', '~adapter-dingtalk:d', '~dingtalk-companion:c']],
    ['switch on DingTalk together with its companion', off, dingtalk,
      ['~adapter-wecom-bot:w', 'adapter-dingtalk:d', 'dingtalk-companion:c']],
    ['switch on WeCom by the long connection', off, { WECOM_BOT_ID: 'b', WECOM_BOT_SECRET: 's' },
      ['adapter-wecom-bot:w', '~adapter-dingtalk:d', '~dingtalk-companion:c']],
    ['leave WeCom off with its id only', off, { WECOM_BOT_ID: 'b' }, Object.keys(off)],
    ['leave WeCom off in a mode without its credentials', off, { ...wecom, WECOM_BOT_MODE: 'websocket' }, Object.keys(off)],
    ['leave on what has credentials in the file', filled, {}, Object.keys(filled)],
    ['leave off what is off in the file, with credentials', {
      '~adapter-wecom-bot:w': filled['adapter-wecom-bot:w'] }, {}, ['~adapter-wecom-bot:w']],
    ['complete a file by one variable', { '~adapter-wecom-bot:w': { token: 't' } },
      { WECOM_BOT_ENCODING_AES_KEY: 'k' }, ['adapter-wecom-bot:w']],
    ['switch off what has half of its credentials', { 'adapter-wecom-bot:w': { token: 't' } }, {},
      ['~adapter-wecom-bot:w']],
    ['switch off what PLATFORM excludes', filled, { PLATFORM: 'wecom', ...dingtalk },
      ['adapter-wecom-bot:w', '~adapter-dingtalk:d', '~dingtalk-companion:c']],
    ['switch off WeCom by PLATFORM=dingtalk', filled, { PLATFORM: 'dingtalk', ...wecom },
      ['~adapter-wecom-bot:w', 'adapter-dingtalk:d', 'dingtalk-companion:c']],
    ['share state by the address of Redis, whatever the platform', { '~shared-state:s': {} },
      { REDIS_URL: 'redis://redis', PLATFORM: 'dingtalk' }, ['shared-state:s']],
    ['share no state without an address', { '~shared-state:s': {} }, {}, ['~shared-state:s']],
    ['share state by an address in the file', { 'shared-state:s': { url: 'redis://redis' } }, {}, ['shared-state:s']],
    ['switch on the first entry only', { '~adapter-wecom-bot:w': {}, '~adapter-wecom-bot:x': {} }, wecom,
      ['adapter-wecom-bot:w', '~adapter-wecom-bot:x']],
  ]
  for (const [name, plugins, env, keys] of cases) {
    it(`${name}, and save the file as it was`, () => {
      const applied = switches({ 'group:g': plugins }, env)
      const running = applied.apply({ 'group:g': plugins })
      assert.deepEqual(Object.keys(running['group:g']), keys)
      assert.deepEqual(Object.keys(applied.revert(running)['group:g']), Object.keys(plugins))
    })
  }

  it('save what was switched in the console', () => {
    const applied = switches(off, wecom)
    const running = applied.apply(off)
    const { 'adapter-wecom-bot:w': config, ...others } = running
    assert.deepEqual(Object.keys(applied.revert({ '~adapter-wecom-bot:w': config, ...others })), Object.keys(off))
    assert.deepEqual(Object.keys(applied.revert({ 'adapter-dingtalk:d': {} })), ['adapter-dingtalk:d'])
  })
})

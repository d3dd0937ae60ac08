import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dict } from 'koishi'
import { VARIABLES } from '../../bin/instance/env'
import { InstanceLoader } from '../../bin/instance/loader'
import { root } from '../support/instance'

describe('koishi.yml', () => {
  let folder: string
  let loader: InstanceLoader
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'))
    await cp(join(root, 'koishi.yml'), join(folder, 'koishi.yml'))
    loader = new InstanceLoader(() => {})
    await loader.init(folder)
    loader.writable = false
    await loader.readConfig()
  })
  after(() => rm(folder, { recursive: true }))

  /** The evaluated settings of all enabled plugins, by name. */
  function evaluate(env: Record<string, string>): Dict {
    loader.params = { env }
    const isOn = (config: Dict) => loader.isTruthyLike(config.$if)
    return Object.fromEntries(Object.values<Dict>(loader.config.plugins!)
      .filter(isOn)
      .flatMap(group => Object.entries<Dict>(group))
      .filter(([key, config]) => !key.startsWith('$') && isOn(config))
      .map(([key, config]) => [key.split(':')[0], loader.interpolate(config)]))
  }

  it('has a unique ident for every entry', async () => {
    const text = await readFile(join(root, 'koishi.yml'), 'utf8')
    const idents = text.match(/(?<=^ +[\w-]+:)\w+(?=:)/gm)!
    assert.equal(new Set(idents).size, idents.length)
  })

  it('listens on 127.0.0.1:35000 by default', () => {
    assert.deepEqual(evaluate({}).server, { host: '127.0.0.1', port: 35000, selfUrl: undefined })
    assert.deepEqual(evaluate({ HOST: '', PORT: '', SELF_URL: '' }).server, evaluate({}).server)
    assert.deepEqual(evaluate({ HOST: '::1', PORT: '80', SELF_URL: 'https://a.example.com' }).server,
      { host: '::1', port: 80, selfUrl: 'https://a.example.com' })
  })

  it('omits blank variables, so that the plugin\'s defaults apply', () => {
    const blank = Object.fromEntries(VARIABLES.map(name => [name, '']))
    const on = { WECOM_BOT_TOKEN: 't', WECOM_BOT_ENCODING_AES_KEY: 'k', DINGTALK_CLIENT_ID: 'i', DINGTALK_CLIENT_SECRET: 's' }
    const found = evaluate({ ...blank, ...on })
    const given = (name: string) => JSON.parse(JSON.stringify({ ...found[name], $if: undefined }))
    const { cardButtons, ...wecom } = given('adapter-wecom-bot')
    assert.deepEqual(wecom, { token: 't', encodingAESKey: 'k', storage: 'database', trustedHosts: null })
    assert.deepEqual(cardButtons.map(({ input }: { input: string }) => input), ['gemini.stop', 'gemini.retry', 'gemini.reset'])
    assert.deepEqual(given('adapter-dingtalk'), { protocol: 'ws', appkey: 'i', secret: 's', api: {}, oldApi: {} })
    assert.deepEqual(given('dingtalk-companion'), {})
    assert.deepEqual(given('gemini-chat'), { apiKeys: null })
  })

  it('splits comma-separated lists', () => {
    const found = evaluate({ GEMINI_API_KEY: 'one, two', WECOM_BOT_TOKEN: 't', WECOM_BOT_ENCODING_AES_KEY: 'k',
      WECOM_BOT_TRUSTED_HOSTS: 'a.example.com,b.example.com:8443' })
    assert.deepEqual(found['gemini-chat'].apiKeys, ['one', 'two'])
    assert.deepEqual(found['adapter-wecom-bot'].trustedHosts, ['a.example.com', 'b.example.com:8443'])
  })

  it('converts the agent id to a number', () => {
    const found = evaluate({ DINGTALK_CLIENT_ID: 'i', DINGTALK_CLIENT_SECRET: 's', DINGTALK_AGENT_ID: '42' })
    assert.equal(found['adapter-dingtalk'].agentId, 42)
  })

  for (const [host, on] of [
    ['', true], ['127.0.0.1', true], ['127.1.2.3', true], ['localhost', true], ['::1', true],
    ['0.0.0.0', false], ['::', false], ['10.0.0.8', false], ['127.evil.example.com', false], ['192.168.127.1', false],
  ] as const) {
    it(`${on ? 'enables' : 'disables'} the console without a password on HOST=${host}`, () => {
      assert.equal('console' in evaluate({ HOST: host }), on)
    })
  }
})

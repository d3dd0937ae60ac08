import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dict } from 'koishi'
import { VARIABLES } from '../../bin/instance/env'
import { entriesOf } from '../../bin/instance/settings/entries'
import { InstanceLoader } from '../../bin/instance/loader'
import { root } from '../support/instance'

describe('koishi.yml', () => {
  let folder: string
  const original = { ...process.env }
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'))
    await cp(join(root, 'koishi.yml'), join(folder, 'koishi.yml'))
    await mkdir(join(folder, 'data'))
  })
  afterEach(() => { process.env = { ...original } })
  after(() => rm(folder, { recursive: true }))

  /** The settings of all enabled plugins as they are started, by name. */
  async function evaluate(env: Record<string, string>): Promise<Dict> {
    const loader = new InstanceLoader(() => {})
    await loader.init(folder)
    await loader.useSavedSettings(join(folder, 'data'))
    for (const name of VARIABLES) delete process.env[name]
    Object.assign(process.env, env)
    await loader.readConfig()
    const isOn = (config: Dict) => loader.isTruthyLike(config.$if)
    const groups = Object.values<Dict>(loader.config.plugins!).filter(isOn)
    return Object.fromEntries(groups.flatMap(group => [...entriesOf(group)])
      .filter(entry => entry.isOn && isOn(entry.config))
      .map(({ name }) => [name, loader.settingsOf(name)]))
  }

  it('has a unique ident for every entry', async () => {
    const text = await readFile(join(root, 'koishi.yml'), 'utf8')
    const idents = text.match(/(?<=^ +~?[\w-]+:)\w+(?=:)/gm)!
    assert.equal(new Set(idents).size, idents.length)
  })

  it('listens on 127.0.0.1:35000 by default', async () => {
    assert.deepEqual((await evaluate({})).server, { host: '127.0.0.1', port: 35000 })
    assert.deepEqual((await evaluate({ HOST: '', PORT: '', SELF_URL: '' })).server, { host: '127.0.0.1', port: 35000 })
    assert.deepEqual((await evaluate({ HOST: '::1', PORT: '80', SELF_URL: 'https://a.example.com' })).server,
      { host: '::1', port: 80, selfUrl: 'https://a.example.com' })
  })

  it('omits blank variables, so that the plugin\'s defaults apply', async () => {
    const blank = Object.fromEntries(VARIABLES.map(name => [name, '']))
    const on = { WECOM_BOT_TOKEN: 't', WECOM_BOT_ENCODING_AES_KEY: 'k', DINGTALK_CLIENT_ID: 'i', DINGTALK_CLIENT_SECRET: 's' }
    const found = await evaluate({ ...blank, ...on })
    const { cardButtons, ...wecom } = found['adapter-wecom-bot']
    assert.deepEqual(wecom, { token: 't', encodingAESKey: 'k', storage: 'database' })
    assert.deepEqual(cardButtons.map(({ input }: { input: string }) => input), ['gemini.stop', 'gemini.retry', 'gemini.reset'])
    assert.deepEqual(found['adapter-dingtalk'], { protocol: 'ws', appkey: 'i', secret: 's' })
    assert.deepEqual(found['dingtalk-companion'], {})
    assert.deepEqual(found['gemini-chat'], { proxy: '' })
  })

  it('splits comma-separated lists', async () => {
    const found = await evaluate({ GEMINI_API_KEY: 'one, two', WECOM_BOT_TOKEN: 't', WECOM_BOT_ENCODING_AES_KEY: 'k',
      WECOM_BOT_TRUSTED_HOSTS: 'a.example.com,b.example.com:8443' })
    assert.deepEqual(found['gemini-chat'].apiKeys, ['one', 'two'])
    assert.deepEqual(found['adapter-wecom-bot'].trustedHosts, ['a.example.com', 'b.example.com:8443'])
  })

  it('hands the service of OPENAI_* to gemini-chat', async () => {
    const found = await evaluate({ OPENAI_BASE_URL: 'https://x/v1', OPENAI_API_KEY: 'a,b', OPENAI_MODEL: 'm' })
    const { openaiBaseUrl, openaiApiKeys, openaiModel } = found['gemini-chat']
    assert.deepEqual([openaiBaseUrl, openaiApiKeys, openaiModel], ['https://x/v1', ['a', 'b'], 'm'])
  })

  it('converts the agent id to a number', async () => {
    const found = await evaluate({ DINGTALK_CLIENT_ID: 'i', DINGTALK_CLIENT_SECRET: 's', DINGTALK_AGENT_ID: '42' })
    assert.equal(found['adapter-dingtalk'].agentId, 42)
  })

  for (const [host, on] of [
    ['', true], ['127.0.0.1', true], ['127.1.2.3', true], ['localhost', true], ['::1', true],
    ['0.0.0.0', false], ['::', false], ['10.0.0.8', false], ['127.evil.example.com', false], ['192.168.127.1', false],
  ] as const) {
    it(`${on ? 'enables' : 'disables'} the console without a password on HOST=${host}`, async () => {
      assert.equal('console' in await evaluate({ HOST: host }), on)
    })
  }
})

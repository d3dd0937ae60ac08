import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from 'js-yaml'
import type { Dict } from 'koishi'
import type { Browser } from 'playwright-core'
import { entriesOf } from '../../bin/instance/settings/entries'
import { Instance, root, wecom } from '../support/instance'
import { launch } from './chromium'
import { SettingsPage } from './settings-page'

/** What is typed on each page, by ident of the entry, and how it is saved. */
const changes: Dict<{ name: string, value: string, saved: unknown }[]> = {
  wecom: [
    { name: 'token', value: 'saved-token', saved: 'saved-token' },
    { name: 'encodingAESKey', value: 'A'.repeat(43), saved: 'A'.repeat(43) },
    { name: 'welcome', value: '你好', saved: '你好' },
  ],
  dingtalk: [
    { name: 'appkey', value: 'saved-id', saved: 'saved-id' },
    { name: 'secret', value: 'saved-secret', saved: 'saved-secret' },
  ],
  companion: [{ name: 'cardKey', value: 'saved-key', saved: 'saved-key' }],
  gemini: [{ name: 'model', value: 'saved-model', saved: 'saved-model' }],
}

const variables = {
  ...wecom, WECOM_BOT_REPLY_MODE: 'response_url', GEMINI_API_KEY: 'spec-key', GEMINI_MODEL: 'spec-model',
  SELF_URL: 'https://env.example.com', DINGTALK_CLIENT_ID: 'spec-client', DINGTALK_CLIENT_SECRET: 'spec-secret',
  DINGTALK_API_ENDPOINT: 'http://127.0.0.1:9', DINGTALK_OLD_API_ENDPOINT: 'http://127.0.0.1:9',
}

describe('saving settings pages in a browser', function() {
  this.timeout(120_000)

  let browser: Browser
  before(async () => { browser = await launch() })
  after(() => browser?.close())

  for (const [name, env] of [['without variables', {}], ['with variables', variables]] as const) {
    describe(name, () => {
      let instance: Instance
      let cookie: string
      before(async () => {
        instance = await (await Instance.start({ env })).ready()
        await logIn()
        await symlink(join(root, 'node_modules'), join(instance.folder, 'node_modules'))
      })
      after(() => instance?.close())

      async function logIn() {
        cookie = await instance.login(undefined, `http://127.0.0.1:${instance.port}`)
      }

      async function saved() {
        const { plugins } = load(await instance.file('data/koishi.yml')) as Dict
        return Object.fromEntries([...entriesOf(plugins)].map(entry => [entry.ident, entry]))
      }

      it('saves every page', async () => {
        const all = Object.values(await saved()).filter(({ name }) => name !== 'group')
        assert(all.length > 15)
        const page = await SettingsPage.open(browser, instance, cookie, 'web', 'zh-CN')
        for (const { ident, name: plugin } of all) {
          // Saving the server or the console disconnects this page.
          if (ident === 'web' || ident === 'site') continue
          await page.visit(ident, plugin, changes[ident]?.[0].name)
          assert.doesNotMatch(await page.text(), /尚未安装|加载失败/, ident)
          for (const { name, value } of changes[ident] ?? []) await page.fill(name, value)
          assert.match(await page.save(), /^配置已(保存|重载)。$/, ident)
        }
        await page.close()
      })

      it('has the values in the file, without any from variables', async () => {
        const entries = await saved()
        for (const [ident, list] of Object.entries(changes)) {
          for (const { name, saved } of list) assert.equal(entries[ident].config[name], saved, `${ident}.${name}`)
        }
        const text = await instance.file('data/koishi.yml')
        for (const value of Object.values(env)) assert(!text.includes(value), value)
        for (const ident of ['wecom', 'dingtalk', 'companion']) assert.equal(entries[ident].isOn, false, ident)
      })

      it('shows the values after a restart', async () => {
        instance.process.kill('SIGTERM')
        await instance.exited
        instance = await (await Instance.start({ env, after: instance })).ready()
        await logIn()
        const page = await SettingsPage.open(browser, instance, cookie, 'web', 'zh-CN')
        for (const [ident, list] of Object.entries(changes)) {
          await page.visit(ident, (await saved())[ident].name, list[0].name)
          const rows = await page.rows()
          for (const { name, value } of list) {
            assert.equal(rows.find(row => row.name === name)!.fields.at(-1)!.value, value, `${ident}.${name}`)
          }
        }
        await page.close()
        assert.equal(instance.output.includes('saved-model'), false)
        assert.equal(instance.output.includes('spec-model'), 'GEMINI_MODEL' in env)
      })
    })
  }
})

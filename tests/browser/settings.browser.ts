import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { TARGETS } from '../../bin/instance/settings/variables'
import { Instance, root, wecom } from '../support/instance'
import { entries, locales, schemas, textOf } from '../package/schema'
import type { Entry, Locale } from '../package/schema'
import { launch } from './chromium'
import { SettingsPage } from './settings-page'
import type { Row } from './settings-page'

/** Renders the Markdown that descriptions of settings use. */
function rendered(text: string): string {
  return text.replaceAll('`', '')
}

function withoutSpaces(text: string): string {
  return text.replace(/\s+/g, '')
}

function find(rows: Row[], name: string): Row {
  const row = rows.find(row => row.name === name)
  assert(row, `there is no row ${name} among ${rows.map(row => row.name).join(', ')}`)
  return row
}

/** Checks that the field of a secret, the last one in its row, is a password field. */
function assertMasked(rows: Row[], name: string) {
  assert.equal(find(rows, name).fields.at(-1)?.type, 'password', name)
}

/** Checks that a field shows the default value of its setting. */
function assertDefault({ schema, path }: Entry, row: Row, rows: Row[], locale: Locale) {
  const value = schema.meta.default
  switch (schema.type) {
    case 'boolean':
      return assert.equal(row.fields[0].checked, value, path)
    case 'union': {
      const choices = schema.list!.filter(choice => choice.value === value)
      const texts = choices.map(choice => textOf({ kind: 'choice', path, schema: choice }, locale))
      const shown = row.choices.length
        ? row.choices.filter(choice => choice.checked).map(choice => choice.text)
        : row.selected
      return assert.deepEqual(shown, texts, path)
    }
    case 'array':
      return assert.deepEqual(
        rows.filter(row => row.name.startsWith(`${path}[`)).map(row => row.fields[0].value), value, path)
    case 'string':
    case 'number':
      return assert.equal(row.fields[0].value, String(value ?? ''), path)
  }
}

/** The entry of koishi.yml that environment variables apply to, and one of the same plugin without settings. */
const idents: Record<string, { running: string, plain: string }> = {
  'adapter-wecom-bot': { running: 'wecom', plain: 'wecomPlain' },
  'dingtalk-companion': { running: 'companion', plain: 'companionPlain' },
  'gemini-chat': { running: 'gemini', plain: 'geminiPlain' },
  operators: { running: 'access', plain: 'accessPlain' },
  'database-node-sqlite': { running: 'nodeSqlitePlain', plain: 'nodeSqlitePlain' },
  'activity-log': { running: 'activity', plain: 'activityPlain' },
  'shared-state': { running: 'statePlain', plain: 'statePlain' },
  'assistant-mcp': { running: 'mcpPlain', plain: 'mcpPlain' },
  'assistant-status': { running: 'statistics', plain: 'statisticsPlain' },
}
// Port 9 is closed; the DingTalk adapter retries in the background.
const env = {
  ...wecom, GEMINI_API_KEY: 'spec-key', SOCKS_PROXY: 'socks5h://127.0.0.1:9',
  DINGTALK_CARD_KEY: 'spec-card-key', DINGTALK_CLIENT_ID: 'spec-client', DINGTALK_CLIENT_SECRET: 'spec-secret',
  DINGTALK_API_ENDPOINT: 'http://127.0.0.1:9', DINGTALK_OLD_API_ENDPOINT: 'http://127.0.0.1:9',
}

const withSecrets = ['adapter-wecom-bot', 'gemini-chat', 'shared-state']

describe('settings pages in a browser', function() {
  this.timeout(60_000)

  let instance: Instance
  let browser: Browser
  let cookie: string
  before(async () => {
    browser = await launch()
    instance = await Instance.start({
      env,
      plugins: Object.entries(idents).map(([name, { plain }]) => `    ~${name}:${plain}: {}\n`).join(''),
    })
    await instance.ready()
    cookie = await instance.login(undefined, `http://127.0.0.1:${instance.port}`)
    // The console lists the packages installed beside koishi.yml.
    await symlink(join(root, 'node_modules'), join(instance.folder, 'node_modules'))
  })
  after(async () => {
    await browser?.close()
    await instance?.close()
  })

  for (const [name, schema] of Object.entries(schemas)) {
    for (const locale of locales) {
      describe(`of ${name} in ${locale}`, () => {
        const all = entries(schema)
        const settings = all.filter(({ kind, path }) => kind === 'setting' && !path.includes('[]'))
        const secrets = settings.filter(({ schema }) => schema.meta.role === 'secret')
        const textFor = (entry: Entry) => rendered(textOf(entry, locale)!)
        let page: SettingsPage
        let rows: Row[]
        before(async () => {
          page = await SettingsPage.open(browser, instance, cookie, idents[name].plain, locale)
          await page.expand()
          rows = await page.rows()
        })
        after(() => page?.close())
        afterEach(() => assert.deepEqual(page.errors, []))

        it('has a title above each group', async () => {
          const titles = all.filter(({ kind }) => kind === 'group').map(textFor)
          assert.deepEqual(await page.groups(), titles)
        })

        it('shows each setting with its text', () => {
          for (const entry of settings) {
            assert.equal(withoutSpaces(find(rows, entry.path).text), withoutSpaces(textFor(entry)), entry.path)
          }
        })

        it('shows the choices of each setting with their texts', async () => {
          const lists = await page.options()
          for (const { path } of settings.filter(({ schema }) => schema.type === 'union')) {
            const texts = all.filter(entry => entry.kind === 'choice' && entry.path.startsWith(`${path}=`)).map(textFor)
            const { choices } = find(rows, path)
            const offered = choices.length ? choices.map(choice => choice.text) : lists.shift()
            assert.deepEqual(offered, texts, path)
          }
        })

        it('shows the default values', () => {
          for (const entry of settings) {
            assertDefault(entry, find(rows, entry.path), rows, locale)
          }
        })

        it('masks secrets', () => {
          assert.equal(secrets.length > 0, withSecrets.includes(name))
          for (const { path } of secrets) assertMasked(rows, path)
        })

        it('does not contain values from environment variables, and names the variables', async () => {
          const page = await SettingsPage.open(browser, instance, cookie, idents[name].running, locale)
          const rows = await page.rows()
          const text = await page.notes()
          await page.capture(`${name} ${locale} running`)
          await page.close()
          for (const [variable, { plugin, path }] of TARGETS) {
            const isNamed = text.includes(`${path} ← ${variable}`)
            assert.equal(isNamed, plugin === name && variable in env, variable)
          }
          const fields = rows.flatMap(row => row.fields)
          assert.deepEqual(fields.filter(field => Object.values(env).includes(field.value)), [])
          for (const { path } of secrets) assertMasked(rows, path)
        })

        for (const width of [1280, 900]) {
          it(`fits into ${width} pixels`, async () => {
            await page.resize(width)
            await page.capture(`${name} ${locale} ${width}`)
            assert.deepEqual(await page.overflowing(), [])
          })
        }

        it('shows the fields of lists and tables, with descriptions and masks', async () => {
          await page.resize(1280)
          await page.addItems()
          const rows = await page.rows()
          for (const { path, schema } of settings) {
            if (schema.meta.role !== 'table' || !(schema.inner!.dict || schema.type === 'dict')) continue
            const columns = all.filter(entry => entry.kind === 'column' || entry.kind === 'setting')
              .filter(entry => entry.path.startsWith(`${path}.*`) || entry.path.startsWith(`${path}[]`))
            assert.deepEqual(find(rows, path).columns, columns.map(textFor), path)
          }
          for (const { path } of all.filter(({ schema }) => schema.meta.role === 'ms' && schema.meta.default)) {
            const unit = locale === 'zh-CN' ? '(分|秒|毫秒)' : '(min|s|ms)'
            assert.match(await page.duration(path.replace('[]', '[0]')), new RegExp(`^\\d+ ${unit}`), path)
          }
          const secretLists = settings.filter(({ schema }) => schema.inner?.meta.role === 'secret')
          for (const { path, schema } of secretLists) assertMasked(rows, schema.type === 'array' ? `${path}[0]` : path)
          await page.capture(`${name} ${locale} filled`)
          assert.deepEqual(await page.overflowing(), [])
        })

        for (const { path, schema } of settings.filter(({ schema }) => schema.inner?.list?.at(-1)?.dict)) {
          it(`shows each variant of an item of ${path} with its text`, async () => {
            const texts = all.filter(entry => entry.path.startsWith(`${path}[]=`)).map(textFor)
            assert.deepEqual(await page.choose(`${path}[0]`), texts)
            const rows = await page.rows()
            for (const key in schema.inner!.list!.at(-1)!.dict) {
              const field = all.find(entry => entry.path === `${path}[].${key}`)!
              assert.equal(find(rows, `${path}[0].${key}`).text, textFor(field))
              if (field.schema.meta.role === 'secret') assertMasked(rows, `${path}[0].${key}`)
            }
          })
        }
      })
    }
  }
})

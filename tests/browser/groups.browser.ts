import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { Instance, root, wecom } from '../support/instance'
import { launch } from './chromium'
import { SettingsPage } from './settings-page'

/** What is displayed before anything is opened, by ident of the entry. */
const first = {
  wecomPlain: ['mode', 'botId', 'token', 'encodingAESKey', 'path', 'botSecret'],
  geminiPlain: ['apiKeys', 'model', 'proxy', 'instructions', 'scope', 'search'],
  companionPlain: ['streaming', 'mentionAsker', 'reaction', 'cardTemplateId', 'cardKey', 'builtInCard', 'stopText'],
}

describe('groups of settings in a browser', function() {
  this.timeout(60_000)

  let instance: Instance
  let browser: Browser
  let cookie: string
  before(async () => {
    browser = await launch()
    instance = await Instance.start({
      env: { ...wecom, WECOM_BOT_STREAM_STYLE: 'stream_with_template_card', SELF_URL: 'https://bot.example.com' },
      plugins: '    ~adapter-wecom-bot:wecomPlain: {}\n    ~dingtalk-companion:companionPlain: {}\n    ~gemini-chat:geminiPlain: {}\n',
    })
    await instance.ready()
    cookie = await instance.login(undefined, `http://127.0.0.1:${instance.port}`)
    await symlink(join(root, 'node_modules'), join(instance.folder, 'node_modules'))
  })
  after(async () => {
    await browser?.close()
    await instance?.close()
  })

  async function open(ident: string, locale: 'zh-CN' | 'en-US' = 'en-US') {
    return (await SettingsPage.open(browser, instance, cookie, ident, locale)).grouped()
  }

  for (const [ident, names] of Object.entries(first)) {
    it(`shows the six most needed settings of ${ident} first`, async () => {
      const page = await open(ident)
      assert.deepEqual(await page.shown(), names)
      await page.close()
    })
  }

  it('opens and closes a group by mouse and keyboard', async () => {
    const page = await open('geminiPlain')
    await page.toggle('Gemini\'s own tools')
    assert((await page.shown()).includes('codeExecution'))
    await page.toggle('Gemini\'s own tools')
    assert(!(await page.shown()).includes('codeExecution'))
    await page.toggle('Gemini\'s own tools', 'Enter')
    assert((await page.shown()).includes('codeExecution'))
    await page.close()
  })

  it('shows the settings of a way to receive messages only where that is chosen', async () => {
    const page = await open('wecomPlain')
    await page.pick('mode', 1)
    assert.deepEqual(await page.shown(), ['mode', 'botId', 'botSecret'])
    await page.toggle('Address of the long connection')
    assert.deepEqual(await page.shown(), ['mode', 'botId', 'botSecret', 'wsUrl'])
    await page.pick('mode', 0)
    assert.deepEqual(await page.shown(), ['mode', 'botId', 'token', 'encodingAESKey', 'path'])
    await page.close()
  })

  it('shows the settings of an app only with an app, and those of a card only with that style', async () => {
    const page = await open('wecomPlain')
    await page.expand()
    const shown = async () => (await page.shown()).filter(name => ['appFormat', 'cardButtons'].includes(name))
    // The style of the first entry comes from a variable, which the form of the plugin follows.
    assert.deepEqual(await shown(), ['cardButtons'])
    await page.fill('secret', 'app-secret')
    await page.expand()
    assert.deepEqual(await shown(), ['cardButtons', 'appFormat'])
    await page.close()
  })

  it('shows durations in words', async () => {
    const page = await open('wecomPlain')
    await page.expand()
    assert.equal(await page.duration('streamWindow'), '5 min 30 s')
    await page.fill('streamWindow', '61000')
    assert.equal(await page.duration('streamWindow'), '1 min 1 s')
    await page.close()
  })

  it('underlines links, which have the colour of the text in the dark theme', async () => {
    const page = await open('geminiPlain')
    const marks = await page.linkMarks()
    assert.ok(marks.length > 0)
    assert.deepEqual(marks, marks.map(() => 'underline'))
    await page.close()
  })

  for (const [locale, own, other] of [['zh-CN', /URL 填 https:.*来自环境变量/s, /environment/], ['en-US', /enter https:.*From environment/s, /[\p{Script=Han}]/u]] as const) {
    it(`shows the callback URL and other notes in ${locale} only`, async () => {
      const page = await open('wecom', locale)
      const notes = await page.notes()
      assert(notes.includes('https://bot.example.com/api/wecom/callback'))
      assert.match(notes, own)
      assert.doesNotMatch(notes, other)
      await page.close()
    })
  }
})

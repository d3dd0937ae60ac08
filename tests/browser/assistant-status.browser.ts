import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { WecomClient, createGemini } from 'testkit'
import type { Gemini } from 'testkit'
import { Instance, wecom } from '../support/instance'
import { launch } from './chromium'
import { StatusPage } from './status-page'
import type { StatusPageOptions } from './status-page'

const seed = readFileSync(join(__dirname, 'status-seed.cjs'), 'utf8')

describe('the page of assistant-status in a browser', function() {
  this.timeout(240_000)

  let browser: Browser
  let gemini: Gemini
  let instance: Instance
  let cookie: string
  const pages: StatusPage[] = []

  before(async () => {
    browser = await launch()
    gemini = await createGemini()
    instance = await Instance.start({
      env: { ...wecom, GEMINI_API_KEY: 'AIza-spec-key-with-a-tail', GEMINI_BASE_URL: gemini.url, LOG_MESSAGE_TEXT: 'true' },
      files: { 'status-seed.cjs': seed }, plugins: '    ./status-seed.cjs:seed: {}\n',
    })
    await instance.ready()
    cookie = await instance.login(undefined, `http://127.0.0.1:${instance.port}`)
  })
  afterEach(async () => {
    for (const page of pages.splice(0)) {
      const { errors } = page
      await page.close()
      assert.deepEqual(errors, [])
    }
  })
  after(async () => {
    await browser?.close()
    await instance?.close()
    await gemini?.close()
  })

  async function open(options?: StatusPageOptions): Promise<StatusPage> {
    const page = await StatusPage.open(browser, instance, cookie, options)
    pages.push(page)
    await page.enter()
    return page
  }

  it('is reached from the home page, and tells that there is nothing yet', async () => {
    const status = await open()
    await status.card('提问').getByText('这段时间还没有提问。').first().waitFor()
    assert.match(await status.card('企业微信回调').innerText(), /最近一次通过验证\s*还没有/)
    assert.match(await status.card('模型').first().innerText(), /可用/)
    assert.match(await status.card('MCP 服务器').innerText(), /orders\s*● 已连接\s*工具 12\s*knowledge-base\s*● 连不上\s*connect ECONNREFUSED/)
    await status.capture('empty zh light')
  })

  it('counts a question from WeCom', async () => {
    const client = new WecomClient({
      url: `http://127.0.0.1:${instance.port}/api/wecom/callback`, pollInterval: 30,
      token: wecom.WECOM_BOT_TOKEN, encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY,
    })
    for await (const frame of client.ask('报销单怎么填？')) assert.ok(frame)
    const status = await open()
    await status.page.locator('.as-total', { hasText: '1 已回答' }).waitFor()
    assert.match(await status.card('企业微信回调').innerText(), /最近一次通过验证\s*\d\d/)
    await status.page.locator('.as-card', { hasText: '个人' }).getByText('企业微信 · ').first().waitFor()
    assert.equal(await status.card('提问').locator('canvas').count() > 0, true)
  })

  it('shows a year, exports tables without formulas, and runs no markup of people', async () => {
    const count = Number(await (await instance.get('/seed')).text())
    assert.ok(count > 5000, String(count))
    const status = await open()
    for (const range of ['24 小时', '30 天', '一年'] as const) {
      await status.choose(range)
      await status.card('Tokens').locator('canvas').waitFor()
      assert.deepEqual(await status.overflowing(), [])
    }
    await status.page.getByText('<img src=x onerror=alert(1)>').first().waitFor()
    assert.equal(await status.page.locator('.assistant-status img').count(), 0)
    const { name, text } = await status.export('个人')
    assert.equal(name, 'people-year.csv')
    assert.match(text, /^\ufeff"person","questions",/)
    assert.match(text, /"wecom-bot:=HYPERLINK\(""x""\)",\d+/)
    assert.match((await status.export('最近的评价')).text, /"good"/)
    await status.capture('year zh light')
  })

  for (const [locale, title, most, few, unlimited] of [
    ['zh-CN', '钉钉本月用量', ['用到 90% 后每个回答只发一条消息', '用到 90% 后不用卡片的回答改走 API'], ['现在每个回答只发一条消息', '现在不用卡片的回答改走 API'], '不限'],
    ['en-US', 'DingTalk this month', ['From 90 % on, every answer is one message', 'From 90 % on, answers without a card are API calls'],
      ['Every answer is one message now', 'Answers without a card are API calls now'], 'unlimited'],
  ] as const) {
    it(`warns of both monthly quotas of DingTalk in ${locale}`, async () => {
      const status = await open({ locale })
      const card = status.card(title)
      const format = (count: number) => new Intl.NumberFormat(locale).format(count)
      for (const [calls, messages, limit, warnings, short] of [
        [3999, 2399, 1, [], 0],
        [4000, 2399, 1, [['80', most[0]]], 0],
        [3999, 2400, 1, [['80', most[1]]], 0],
        [4499, 2699, 1, [['89', most[0]], ['89', most[1]]], 0],
        [4500, 2400, 1, [['90', few[0]], ['80', most[1]]], 1],
        [4630, 3100, 1, [['92', few[0]], ['103', few[1]]], 2],
        [9000, 9001, 0, [], 0],
      ] as const) {
        await instance.get(`/seed-dingtalk/${calls}/${messages}/${limit}`)
        await card.getByText(`${format(calls)} / ${limit ? format(5000) : unlimited}`).waitFor()
        await card.getByText(`${format(messages)} / ${limit ? format(3000) : unlimited}`).waitFor()
        const shown = await card.locator('.as-warning').allInnerTexts()
        assert.equal(shown.length, warnings.length, shown.join())
        for (const [index, [percent, effect]] of warnings.entries()) {
          assert.match(shown[index], new RegExp(`\\b${percent} ?%`))
          assert.ok(shown[index].includes(effect), shown[index])
        }
        assert.equal(await card.locator('.as-used.short').count(), short)
      }
      await instance.get('/seed-dingtalk/4630/2450/1')
    })
  }

  for (const [locale, title] of [['zh-CN', '30 天'], ['en-US', '30 days']] as const) {
    for (const mode of ['light', 'dark'] as const) {
      for (const width of [1280, 420]) {
        it(`fits into ${width} pixels in ${locale}, ${mode}`, async () => {
          const status = await open({ locale, mode, width })
          await status.choose(title)
          await status.card('Tokens').locator('canvas').waitFor()
          assert.deepEqual(await status.overflowing(), [])
          const text = await status.page.locator('.assistant-status').innerText()
          const foreign = text.replace(/上周的会议纪要帮我整理一下|报销单怎么填？/g, '')
          assert.equal(/\p{Script=Han}/u.test(foreign), locale === 'zh-CN')
          await status.capture(`month ${locale} ${mode} ${width}`)
        })
      }
    }
  }

  it('is not answered to anyone who is not logged in', async () => {
    await assert.rejects(instance.upgrade('/console/status'), /refused with 401/)
    assert.equal((await instance.get('/console/assistant-status')).status, 401)
  })
})

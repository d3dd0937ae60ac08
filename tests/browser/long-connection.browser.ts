import assert from 'node:assert/strict'
import { until } from 'common/testing'
import type { Browser } from 'playwright-core'
import { WecomGateway } from 'testkit'
import { Instance } from '../support/instance'
import { launch } from './chromium'
import { StatusPage } from './status-page'

describe('the long connection on the page of assistant-status', function() {
  this.timeout(240_000)

  let browser: Browser
  let gateway: WecomGateway
  let instance: Instance
  let cookie: string

  before(async () => {
    browser = await launch()
    gateway = await WecomGateway.create()
    instance = await Instance.start({
      env: {
        WECOM_BOT_MODE: 'websocket', WECOM_BOT_ID: 'AIBOTID', WECOM_BOT_SECRET: 'SECRET',
        WECOM_BOT_WS_URL: gateway.url, GEMINI_API_KEY: 'spec-key',
      },
    })
    await instance.ready()
    await until(() => gateway.isSubscribed(), () => instance.output)
    cookie = await instance.login(undefined, `http://127.0.0.1:${instance.port}`)
  })
  after(async () => {
    await browser?.close()
    await instance?.close()
    await gateway?.close()
  })

  /** The card of WeCom, as the page shows it. */
  async function card(locale: 'zh-CN' | 'en-US', name: string): Promise<string> {
    const status = await StatusPage.open(browser, instance, cookie, { locale })
    try {
      await status.enter()
      const text = await status.card(/企业微信|WeCom/).first().innerText()
      await status.capture(name)
      assert.deepEqual(await status.overflowing(), [])
      assert.deepEqual(status.errors, [])
      return text
    } finally {
      await status.close()
    }
  }

  it('has its state, its age and how often it was established anew', async () => {
    const text = await card('zh-CN', 'long connection zh')
    assert.match(text, /长连接\s*已建立/)
    assert.match(text, /重连次数\s*0/)
    assert.doesNotMatch(text, /SECRET|回调|最近一次通过验证/)
    gateway.disconnect()
    await until(() => !gateway.isSubscribed())
    await until(() => gateway.isSubscribed(), () => instance.output)
    const anew = await card('en-US', 'long connection en')
    assert.match(anew, /Long connection\s*established/)
    assert.match(anew, /Reconnects\s*1/)
  })

  it('says that another process has taken the bot', async () => {
    gateway.kick()
    await until(() => /\[W\] wecom-bot/.test(instance.output), () => instance.output)
    const text = await card('zh-CN', 'long connection taken zh')
    assert.match(text, /被其他进程抢走\s*1/)
    // The reason is in one language, and the id of the bot on one line.
    assert.match(text, /另一个进程订阅了这个机器人/)
    assert.doesNotMatch(text, /another process/)
  })
})

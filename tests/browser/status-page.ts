import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { Instance } from '../support/instance'
import type { Locale } from '../package/schema'

/** The ranges by the texts of their buttons. */
const RANGES = { '24 小时': 'day', '30 天': 'month', 一年: 'year', '30 days': 'month' }

export interface StatusPageOptions {
  locale?: Locale
  mode?: 'dark' | 'light'
  width?: number
}

/** The page of the plugin assistant-status in the console. */
export class StatusPage {
  /** Errors of the page, failed requests, and requests to other hosts. */
  readonly errors: string[] = []

  private constructor(readonly page: Page, private readonly origin: string) {
    page.on('pageerror', error => this.errors.push(error.message))
    page.on('console', message => message.type() === 'error' && this.errors.push(message.text()))
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) this.errors.push(`request to ${request.url()}`)
    })
    page.on('response', (response) => {
      if (response.status() >= 400) this.errors.push(`${response.status()} ${response.url()}`)
    })
  }

  /**
   * Opens the console's home page.
   * @param cookie the `Cookie` header of a login to the console from a page of this instance
   */
  static async open(
    browser: Browser, instance: Instance, cookie: string, { locale = 'zh-CN', mode = 'light', width = 1280 }: StatusPageOptions = {},
  ): Promise<StatusPage> {
    const context = await browser.newContext({ locale, viewport: { width, height: 900 } })
    const origin = `http://127.0.0.1:${instance.port}`
    const [name, value] = cookie.split('=')
    await context.addCookies([{ name, value, url: `${origin}/console`, sameSite: 'Strict' }])
    const stored = JSON.stringify({ locale, theme: { mode, dark: 'default-dark', light: 'default-light' } })
    await context.addInitScript(`localStorage.setItem('koishi.console.config', ${JSON.stringify(stored)})`)
    const status = new StatusPage(await context.newPage(), origin)
    await status.page.goto(`${origin}/console/`)
    return status
  }

  /** Follows the link on the home page. */
  async enter(): Promise<void> {
    await this.page.locator('.page-home a.choice', { hasText: /AI 助手|AI assistant/ }).click()
    await this.page.waitForURL(`${this.origin}/console/assistant-status`)
    await this.card(/平台|Platforms/).first().waitFor()
  }

  /** The cards with a title. */
  card(title: string | RegExp) {
    return this.page.locator('.as-card').filter({ has: this.page.locator('h3', { hasText: title }) })
  }

  /** Chooses a range, and waits for its charts. */
  async choose(range: keyof typeof RANGES): Promise<void> {
    await this.page.locator('.as-ranges button', { hasText: range }).click()
    await this.page.locator('.as-ranges button[aria-pressed=true]', { hasText: range }).waitFor()
    await this.page.locator(`.as-total[data-range=${RANGES[range]}]`).waitFor()
  }

  /** Downloads the table of a card. */
  async export(title: string): Promise<{ name: string, text: string }> {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'), this.card(title).getByRole('button', { name: 'CSV' }).first().click(),
    ])
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
    return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString() }
  }

  /** Whether anything but the tables in it is wider than the page. */
  overflowing(): Promise<string[]> {
    return this.page.evaluate(`Array.from(document.querySelectorAll('.assistant-status *'))
      .filter(element => element.getBoundingClientRect().right > innerWidth + 1 || element.getBoundingClientRect().left < 0)
      .map(element => element.outerHTML.slice(0, 100))`)
  }

  /** Saves a screenshot of the whole page in the folder given by the environment variable SCREENSHOTS. */
  async capture(name: string): Promise<void> {
    const folder = process.env.SCREENSHOTS
    if (!folder) return
    const { width, height } = this.page.viewportSize()!
    const whole: number = await this.page.evaluate(
      `document.querySelector('.assistant-status').scrollHeight + document.querySelector('.layout-header').offsetHeight + 40`)
    await this.page.setViewportSize({ width, height: Math.max(height, whole) })
    await this.page.evaluate('new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    await this.page.screenshot({ path: join(folder, `${name}.png`) })
    await this.page.setViewportSize({ width, height })
  }

  close(): Promise<void> {
    return this.page.context().close()
  }
}

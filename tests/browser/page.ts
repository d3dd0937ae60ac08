import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { Instance } from '../support/instance'
import type { Locale } from '../package/schema'

/** One row of the form: its name as the page writes it, its text, and what can be filled in. */
export interface Row {
  name: string
  text: string
  fields: { type: string, value: string, checked: boolean }[]
  choices: { text: string, checked: boolean }[]
  /** What a closed drop-down list shows. */
  selected: string[]
  columns: string[]
}

/** The page with the settings of one entry of koishi.yml, as a person with that language sees it. */
export class SettingsPage {
  /** What went wrong in the page: errors on its console, failed requests, and requests to anywhere else. */
  errors: string[] = []

  private constructor(private page: Page, private origin: string) {
    page.on('pageerror', error => this.errors.push(error.message))
    page.on('console', message => message.type() === 'error' && this.errors.push(message.text()))
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) this.errors.push(`asks for ${request.url()}`)
    })
    page.on('response', (response) => {
      if (response.status() >= 400) this.errors.push(`${response.status()} ${response.url()}`)
    })
  }

  /** @param cookie of a login to the console by a page of this instance, as `Cookie` has it */
  static async open(
    browser: Browser, instance: Instance, cookie: string, ident: string, locale: Locale,
  ): Promise<SettingsPage> {
    const context = await browser.newContext({ locale, viewport: { width: 1280, height: 900 } })
    const [name, value] = cookie.split('=')
    await context.addCookies([{ name, value, url: `http://127.0.0.1:${instance.port}/console`, sameSite: 'Strict' }])
    await context.addInitScript({ path: join(__dirname, 'look.js') })
    // The console keeps its language here; it does not ask the browser for one.
    const stored = JSON.stringify({ locale, theme: { mode: 'light', dark: 'default-dark', light: 'default-light' } })
    await context.addInitScript(`localStorage.setItem('koishi.console.config', ${JSON.stringify(stored)})`)
    const settings = new SettingsPage(await context.newPage(), `http://127.0.0.1:${instance.port}`)
    await settings.page.goto(`${settings.origin}/console/plugins/${ident}`)
    await settings.page.waitForSelector('.k-form .k-schema-item')
    return settings
  }

  close(): Promise<void> {
    return this.page.context().close()
  }

  resize(width: number): Promise<void> {
    return this.page.setViewportSize({ width, height: 900 })
  }

  groups(): Promise<string[]> {
    return this.page.locator('.k-form h2.k-schema-header').allInnerTexts()
  }

  rows(): Promise<Row[]> {
    return this.page.evaluate('look.rows()')
  }

  /** Adds an item to every list and a row to every table, so that their fields are there to be seen. */
  async addItems(): Promise<void> {
    for (const button of await this.page.locator('.k-form .k-schema-right > button').all()) await button.click()
  }

  /** Opens every drop-down list in turn, and reads what it offers. */
  async options(): Promise<string[][]> {
    const offers: string[][] = []
    for (const select of await this.page.locator('.k-form .el-select__wrapper').all()) {
      await select.click()
      const items = this.page.locator('.el-select-dropdown__item:visible')
      await items.first().waitFor()
      offers.push(await items.allInnerTexts())
      await this.page.keyboard.press('Escape')
      await items.first().waitFor({ state: 'hidden' })
    }
    return offers
  }

  /** Reads what the drop-down list in the row of this name offers, and picks the last of it. */
  async choose(name: string): Promise<string[]> {
    const row = this.page.locator('.k-form .k-schema-item').filter({ has: this.page.locator('h3', { hasText: name }) })
    await row.locator('.el-select__wrapper').click()
    const items = this.page.locator('.el-select-dropdown__item:visible')
    await items.first().waitFor()
    const texts = await items.allInnerTexts()
    await items.last().click()
    return texts
  }

  /** The texts and fields that stick out of the form, or are cut off in it; long values may scroll in their fields. */
  overflowing(): Promise<string[]> {
    return this.page.evaluate('look.overflowing()')
  }

  /** Keeps what the page looks like, as a picture of all of it, in the folder that SCREENSHOTS names. */
  async capture(name: string): Promise<void> {
    const folder = process.env.SCREENSHOTS
    if (!folder) return
    const { width, height } = this.page.viewportSize()!
    const whole: number = await this.page.evaluate('look.height()')
    await this.page.setViewportSize({ width, height: whole })
    await this.page.screenshot({ path: join(folder, `${name}.png`) })
    await this.page.setViewportSize({ width, height })
  }
}

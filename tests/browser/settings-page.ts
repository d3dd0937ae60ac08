import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import type { Instance } from '../support/instance'
import type { Locale } from '../package/schema'

/** One row of the form: the displayed name, the description and the input fields. */
export interface Row {
  name: string
  text: string
  fields: { type: string, value: string, checked: boolean }[]
  choices: { text: string, checked: boolean }[]
  /** The displayed value of a closed drop-down list. */
  selected: string[]
  columns: string[]
}

/** The settings page of one entry of koishi.yml, in one language. */
export class SettingsPage {
  /** Errors of the page: console errors, failed requests, and requests to other hosts. */
  errors: string[] = []

  private constructor(private page: Page, private origin: string) {
    page.on('pageerror', error => this.errors.push(error.message))
    page.on('console', message => message.type() === 'error' && this.errors.push(message.text()))
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) this.errors.push(`request to ${request.url()}`)
    })
    page.on('response', (response) => {
      if (response.status() >= 400) this.errors.push(`${response.status()} ${response.url()}`)
    })
  }

  /** @param cookie the `Cookie` header of a login to the console from a page of this instance */
  static async open(
    browser: Browser, instance: Instance, cookie: string, ident: string, locale: Locale,
  ): Promise<SettingsPage> {
    const context = await browser.newContext({ locale, viewport: { width: 1280, height: 900 } })
    const [name, value] = cookie.split('=')
    await context.addCookies([{ name, value, url: `http://127.0.0.1:${instance.port}/console`, sameSite: 'Strict' }])
    await context.addInitScript({ path: join(__dirname, 'page-inspector.js') })
    // The console reads its language from here rather than from the browser.
    const stored = JSON.stringify({ locale, theme: { mode: 'light', dark: 'default-dark', light: 'default-light' } })
    await context.addInitScript(`localStorage.setItem('koishi.console.config', ${JSON.stringify(stored)})`)
    const settings = new SettingsPage(await context.newPage(), `http://127.0.0.1:${instance.port}`)
    await settings.page.goto(`${settings.origin}/console/plugins/${ident}`)
    await settings.page.waitForSelector('.k-form .k-schema-item')
    await settings.page.waitForSelector('html[lang]')
    return settings
  }

  /** Waits until the groups are shown as such: on a busy machine, the form is there before the part that draws them. */
  async grouped(): Promise<this> {
    await this.page.waitForSelector('.k-form .settings-group')
    return this
  }

  /** Goes to the page of another entry, which may have no fields, and waits for the row. */
  async visit(ident: string, title: string, row?: string): Promise<void> {
    await this.page.evaluate(`history.pushState({}, '', '/console/plugins/${ident}')`)
    await this.page.evaluate(`dispatchEvent(new PopStateEvent('popstate', { state: {} }))`)
    await this.page.locator('.layout-header', { hasText: `${title} [${ident}]` }).waitFor()
    await this.page.waitForSelector('.plugin-view .k-form, .plugin-view .k-comment')
    if (row) await this.row(row).waitFor()
    await this.expand()
  }

  /** Opens all collapsed groups. */
  async expand(): Promise<void> {
    const collapsed = this.page.locator('.k-form h2[aria-expanded=false]:visible')
    while (await collapsed.count()) await collapsed.first().click()
  }

  /** The settings that are displayed, in order. */
  shown(): Promise<string[]> {
    return this.page.evaluate('pageInspector.shown()')
  }

  /** The texts of the notes above the settings that are displayed. */
  notes(): Promise<string> {
    return this.page.locator('.k-comment p[lang]:visible').allInnerTexts().then(texts => texts.join('\n'))
  }

  /** Opens or closes a collapsed group by its keyboard or mouse. */
  async toggle(title: string, key?: string): Promise<void> {
    const header = this.page.locator('.k-form h2', { hasText: title })
    if (key) await header.press(key)
    else await header.click()
  }

  /** What stands beside a number of milliseconds. */
  duration(name: string): Promise<string> {
    return this.row(name).locator('.settings-duration').innerText()
  }

  /** How each link in the texts is marked, apart from its colour. */
  linkMarks(): Promise<string[]> {
    return this.page.evaluate(`Array.from(document.querySelectorAll('.plugin-view .markdown a'))
      .map(link => getComputedStyle(link).textDecorationLine)`)
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
    return this.page.evaluate('pageInspector.rows()')
  }

  /** Adds an item to every list and a row to every table, so that their fields are displayed. */
  async addItems(): Promise<void> {
    // Some belong to groups that are hidden. Items may have buttons of their own, which come after these.
    const buttons = await this.page.locator('.k-form .k-schema-right > button').elementHandles()
    for (const button of buttons) await button.dispatchEvent('click')
  }

  /** The text of the whole page. */
  text(): Promise<string> {
    return this.page.locator('.plugin-view').innerText()
  }

  /** Types into the field of a row. */
  async fill(name: string, value: string): Promise<void> {
    await this.row(name).locator('input, textarea').last().fill(value)
  }

  /** Clicks a choice of a row with radio buttons. */
  async pick(name: string, index: number): Promise<void> {
    await this.row(name).locator('label').nth(index).click()
  }

  /** Saves the page by its shortcut. @returns the message of the console */
  async save(): Promise<string> {
    await this.page.locator('.plugin-view').click({ position: { x: 2, y: 2 } })
    await this.page.keyboard.press('Control+s')
    const message = this.page.locator('.el-message').last()
    await message.waitFor()
    const text = await message.innerText()
    await message.waitFor({ state: 'detached' })
    return text
  }

  private row(name: string) {
    // The displayed name has a space before each capital letter.
    const characters = [...name].map(character => character.replace(/[[\].]/, '\\$&'))
    const title = new RegExp(`^\\s*${characters.join('\\s*')}\\s*$`)
    return this.page.locator('.k-form .k-schema-item').filter({ has: this.page.locator('h3', { hasText: title }) })
  }

  /** @returns the options of every drop-down list */
  async options(): Promise<string[][]> {
    const options: string[][] = []
    for (const select of await this.page.locator('.k-form .el-select__wrapper').all()) {
      await select.click()
      const items = this.page.locator('.el-select-dropdown__item:visible')
      await items.first().waitFor()
      options.push(await items.allInnerTexts())
      await this.page.keyboard.press('Escape')
      await items.first().waitFor({ state: 'hidden' })
    }
    return options
  }

  /** Selects the last option of the drop-down list in the named row. @returns all its options */
  async choose(name: string): Promise<string[]> {
    const row = this.page.locator('.k-form .k-schema-item').filter({ has: this.page.locator('h3', { hasText: name }) })
    await row.locator('.el-select__wrapper').click()
    const items = this.page.locator('.el-select-dropdown__item:visible')
    await items.first().waitFor()
    const texts = await items.allInnerTexts()
    await items.last().click()
    return texts
  }

  /** The texts and fields that do not fit into the form. Long values may scroll in their fields. */
  overflowing(): Promise<string[]> {
    return this.page.evaluate('pageInspector.overflowing()')
  }

  /** Saves a screenshot of the whole page in the folder given by the environment variable SCREENSHOTS. */
  async capture(name: string): Promise<void> {
    const folder = process.env.SCREENSHOTS
    if (!folder) return
    const { width, height } = this.page.viewportSize()!
    const whole: number = await this.page.evaluate('pageInspector.height()')
    await this.page.setViewportSize({ width, height: whole })
    await this.page.screenshot({ path: join(folder, `${name}.png`) })
    await this.page.setViewportSize({ width, height })
  }
}

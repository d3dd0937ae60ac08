import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { Instance } from '../support/instance'
import { Nginx } from '../support/nginx'
import { launch } from './chromium'

const PASSWORD = 'a long password with 汉字'

describe('console login in a browser', function() {
  this.timeout(60_000)

  let browser: Browser
  let instance: Instance
  const cleanups: (() => unknown)[] = []

  before(async () => {
    browser = await launch()
  })
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
    await instance?.close()
  })
  after(async () => {
    await browser?.close()
  })

  async function open(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    cleanups.push(() => context.close())
    return context.newPage()
  }

  async function capture(page: Page, name: string) {
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) })
  }

  /** Checks that the console loads and receives the list of plugins over its socket. */
  async function assertOpen(page: Page, origin: string) {
    await page.goto(`${origin}/console/plugins/`)
    await page.getByText('gemini-chat').first().waitFor()
  }

  async function assertClosed(page: Page, origin: string) {
    await page.goto(`${origin}/console/plugins/`)
    assert.equal(page.url(), `${origin}/console/login`)
    const problem = await page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/console/status')
      socket.onopen = () => resolve('open')
      socket.onerror = () => resolve('refused')
    })`)
    assert.equal(problem, 'refused')
  }

  async function logIn(page: Page, origin: string) {
    await assertClosed(page, origin)
    await capture(page, 'console-password')
    await page.fill('input[type=password]', 'wrong')
    await page.click('button')
    await page.getByRole('alert').waitFor()
    await capture(page, 'console-wrong-password')
    await page.fill('input[type=password]', PASSWORD)
    await page.click('button')
    await assertOpen(page, origin)
    await capture(page, 'console-open')
  }

  async function logOut(page: Page, origin: string) {
    await page.goto(`${origin}/console/logout`)
    await capture(page, 'console-logout')
    await page.click('button')
    await assertClosed(page, origin)
  }

  it('shows the console from the login with the password until the logout', async () => {
    instance = await (await Instance.start({ env: { KOISHI_ADMIN_PASSWORD: PASSWORD } })).ready()
    const page = await open()
    const origin = `http://127.0.0.1:${instance.port}`
    await logIn(page, origin)
    await logOut(page, origin)
  })

  for (const [name, headers] of [
    ['without forwarded headers', ''],
    ['with forwarded headers', `proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https;`],
  ]) {
    it(`works through nginx ${name}`, async () => {
      instance = await (await Instance.start({ env: { KOISHI_ADMIN_PASSWORD: PASSWORD } })).ready()
      const nginx = await Nginx.start(`
        location / {
          proxy_pass http://127.0.0.1:${instance.port}; proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; ${headers}
        }
      `)
      cleanups.push(() => nginx.close())
      const page = await open()
      await logIn(page, nginx.origin)
      await logOut(page, nginx.origin)
    })
  }

  it('accepts the one-time link from the log once, also through a TCP forwarder', async () => {
    instance = await (await Instance.start()).ready()
    const forwarder = createServer((socket) => {
      const target = connect(instance.port, '127.0.0.1')
      for (const side of [socket, target]) side.on('error', () => {})
      socket.on('close', () => target.destroy()).pipe(target).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(forwarder, 'listening')
    cleanups.push(() => void forwarder.close())
    const origin = `http://127.0.0.1:${(forwarder.address() as AddressInfo).port}`
    const [token] = /(?<=login\?token=)[\w-]+/.exec(instance.output)!

    const page = await open()
    await assertClosed(page, origin)
    await capture(page, 'console-no-password')
    await page.goto(`${origin}/console/login?token=${token}`)
    await capture(page, 'console-link')
    await page.click('button')
    await assertOpen(page, origin)

    const other = await open()
    await other.goto(`${origin}/console/login?token=${token}`)
    await other.click('button')
    await other.getByRole('alert').waitFor()
    await assertClosed(other, origin)
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { freePort } from 'testkit'
import { Instance } from '../support/instance'
import { launch } from './chromium'

const PASSWORD = 'a long password with 汉字'

/** nginx in front of the whole instance, the console included. */
async function startNginx(folder: string, target: number, headers: string): Promise<[ChildProcess, string]> {
  const port = await freePort()
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  await writeFile(join(folder, 'nginx.conf'), `
    ${process.getuid!() === 0 ? 'user root;' : ''}
    daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; ${folders.join(' ')}
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://127.0.0.1:${target}; proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; ${headers}
        }
      }
    }
  `)
  const nginx = spawn('nginx', ['-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`], { stdio: 'ignore' })
  const origin = `http://127.0.0.1:${port}`
  while (nginx.exitCode === null && !await fetch(`${origin}/console/login`).catch(() => null)) {
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return [nginx, origin]
}

describe('logging in to the console', function() {
  this.timeout(60_000)

  let browser: Browser
  let instance: Instance
  let folder: string
  const cleanups: (() => unknown)[] = []

  before(async () => {
    browser = await launch()
    folder = await mkdtemp(join(tmpdir(), 'console-login-'))
  })
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
    await instance?.close()
  })
  after(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function open(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    cleanups.push(() => context.close())
    return context.newPage()
  }

  async function capture(page: Page, name: string) {
    if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) })
  }

  /** The console has loaded and its socket has brought the list of plugins. */
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

  it('takes the password, and shows the console until the logout', async () => {
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
      const [nginx, origin] = await startNginx(folder, instance.port, headers)
      cleanups.push(async () => {
        nginx.kill('SIGTERM')
        await once(nginx, 'exit')
      })
      const page = await open()
      await logIn(page, origin)
      await logOut(page, origin)
    })
  }

  it('takes the link from the log once, through a TCP forwarder as well', async () => {
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

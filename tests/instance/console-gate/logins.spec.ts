import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Instance } from '../../support/instance'

const PASSWORD = 'correct horse battery staple'

/** Forged headers that must not open the console. */
const forgedHeaders: Record<string, string>[] = [
  {},
  { host: '127.0.0.1:35000', origin: 'http://127.0.0.1:35000' },
  { host: 'localhost', 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' },
  { cookie: 'koishi_console=' },
  { cookie: 'koishi_console=undefined; koishi_console=null' },
  { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` },
]

/** Sends a request line that HTTP clients would normalise. */
async function raw(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const data of socket) text += data
  return text
}

/** Checks that no path of the console is served without a login. */
function itIsClosed(find: () => Instance, port = () => find().port) {
  for (const path of [
    '/console', '/console/', '/CONSOLE/', '/Console/index.js', '/console/status', '/console.js', '/consolexyz',
    '/console//index.html', '/console/@plugin-x/index.js', '/console?token=1', '/console/logout',
  ]) {
    it(`does not serve the console at ${path}`, async () => {
      for (const headers of forgedHeaders) {
        const { cookie, authorization } = headers
        const response = await fetch(`http://127.0.0.1:${port()}${path}`, {
          headers: { ...cookie && { cookie }, ...authorization && { authorization } }, redirect: 'manual',
        })
        assert.ok([303, 401].includes(response.status), `${response.status}`)
        assert.doesNotMatch(await response.text(), /KOISHI_CONFIG|<script/)
      }
    })
  }

  it('does not serve files outside the console', async () => {
    for (const path of [
      '/console/../../../koishi/package.json', '/console/..%2f..%2fpackage.json', '/console/%2e%2e/x', '/console/..\\x', '/console/%',
      'http://127.0.0.1/console/../../koishi/package.json', 'http://127.0.0.1/console/',
    ]) {
      const text = await raw(port(), `GET ${path}`)
      assert.match(text, /^HTTP\/1\.1 (404|401|303) /, path)
      assert.doesNotMatch(text, /"name"|KOISHI_CONFIG/, path)
    }
  })

  it('rejects the socket with forged headers', async () => {
    for (const headers of forgedHeaders) {
      for (const path of ['/console/status', '/Console/Status', '/console/status/', 'http://127.0.0.1/console/status', '/console/x']) {
        await assert.rejects(find().upgrade(path, headers), /refused with 401/, path)
      }
    }
  })
}

describe('ConsoleGate with a password', function() {
  this.timeout(240_000)

  let instance: Instance
  before(async () => {
    instance = await Instance.start({ env: { KOISHI_ADMIN_PASSWORD: PASSWORD } })
    await instance.ready()
  })
  after(() => instance.close())

  const post = (body: string, headers: Record<string, string> = {}) => {
    return fetch(`http://127.0.0.1:${instance.port}/console/login`, {
      method: 'POST', body, redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  }

  itIsClosed(() => instance)

  it('redirects a browser to the login page', async () => {
    const response = await instance.get('/console/', { accept: 'text/html' })
    assert.equal(response.status, 303)
    assert.equal(response.headers.get('location'), '/console/login')
    const page = await instance.get('/console/login', { accept: 'text/html' })
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-security-policy')!, /default-src 'none'.*frame-ancestors 'none'/)
    assert.match(await page.text(), /type="password"/)
  })

  it('sets a cookie that scripts and other sites cannot use', async () => {
    const response = await post(`password=${encodeURIComponent(PASSWORD)}`)
    assert.equal(response.status, 303)
    assert.match(response.headers.get('set-cookie')!,
      /^koishi_console=[\w-]{43}; Path=\/console; Max-Age=604800; HttpOnly; SameSite=Strict$/)
    const secure = await post(`password=${encodeURIComponent(PASSWORD)}`, { origin: 'https://bot.example.com' })
    assert.match(secure.headers.get('set-cookie')!, /; Secure$/)
  })

  it('accepts the cookie, and for the socket also requires the origin of the login', async () => {
    const cookie = await instance.login(PASSWORD, 'https://bot.example.com')
    const page = await instance.get('/console/', { cookie })
    assert.match(await page.text(), /KOISHI_CONFIG/)
    for (const origin of ['https://evil.example.com', 'http://bot.example.com', 'null', '']) {
      await assert.rejects(instance.upgrade('/console/status', { cookie, origin }), /refused with 401/)
    }
    const socket = await instance.upgrade('/console/status', { cookie, origin: 'https://bot.example.com' })
    const [data] = await once(socket, 'data')
    assert.match(String(data), /"type":"data"/)
    socket.destroy()
  })

  it('revokes the cookie and closes open sockets at logout', async () => {
    const cookie = await instance.login(PASSWORD)
    const socket = await instance.upgrade('/console/status', { cookie })
    socket.resume()
    const ended = once(socket, 'close')
    const response = await fetch(`http://127.0.0.1:${instance.port}/console/logout`, {
      method: 'POST', headers: { cookie }, redirect: 'manual',
    })
    assert.equal(response.status, 303)
    await ended
    assert.equal((await instance.get('/console/', { cookie })).status, 401)
  })

  it('has no listener that binds accounts or changes authority', async () => {
    const socket = await instance.upgrade('/console/status', { cookie: await instance.login(PASSWORD) })
    let text = ''
    socket.on('data', data => text += data)
    for (const type of ['login/platform', 'login/password', 'user/update']) {
      const payload = Buffer.from(JSON.stringify({ type, args: ['wecom-bot', 'x'], id: 1 }))
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]))
    }
    while ((text.match(/not implemented/g) ?? []).length < 3) await once(socket, 'data')
    socket.destroy()
  })

  it('rejects a login form that is too large', async () => {
    assert.equal((await post(`password=${'x'.repeat(5000)}`)).status, 400)
  })

  it('serves nothing at /', async () => {
    assert.equal((await instance.get('/')).status, 404)
  })

  it('rejects wrong passwords, and after ten of them every password', async () => {
    const statuses: number[] = []
    for (let count = 0; count < 11; count++) statuses.push((await post(`password=${PASSWORD.slice(count + 1)}`)).status)
    assert.deepEqual(statuses, [...Array(10).fill(403), 429])
    const limited = await post(`password=${encodeURIComponent(PASSWORD)}`)
    assert.equal(limited.status, 429)
    assert.ok(Number(limited.headers.get('retry-after')) > 0)
    assert.match(instance.output, /too many failed logins, the latest from 127\.0\.0\.1/)
    assert.doesNotMatch(instance.output, new RegExp(PASSWORD))
  })
})

describe('ConsoleGate without a password', function() {
  this.timeout(240_000)

  let instance: Instance
  let forwarder: Server
  const sockets: Socket[] = []

  before(async () => {
    instance = await Instance.start()
    await instance.ready()
    // Equivalent to `ssh -R`, frp, or nginx without forwarded headers.
    forwarder = createServer((socket) => {
      const target = connect(instance.port, '127.0.0.1')
      sockets.push(socket, target)
      socket.pipe(target).pipe(socket)
      for (const side of [socket, target]) side.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await once(forwarder, 'listening')
  })
  after(async () => {
    for (const socket of sockets) socket.destroy()
    forwarder.close()
    await instance.close()
  })

  describe('from this machine', () => itIsClosed(() => instance))
  describe('through a TCP forwarder', () => itIsClosed(() => instance, () => (forwarder.address() as AddressInfo).port))

  const link = () => instance.output.match(/One-time link to the console: (\S+)/g)!.at(-1)!.split(' ').at(-1)!

  it('does not use up the link if it is only fetched', async () => {
    for (let count = 0; count < 3; count++) {
      const response = await fetch(link())
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('set-cookie'), null)
      assert.match(await response.text(), /<form method="post" action="\/console\/login">/)
    }
  })

  it('accepts the link once, and logs a new one when the login page is opened', async () => {
    const [first, url] = [instance.output, link()]
    const cookie = await instance.login()
    assert.match(await (await instance.get('/console/', { cookie })).text(), /KOISHI_CONFIG/)
    await assert.rejects(instance.login(), /failed with status 403/)
    assert.equal(link(), url)
    for (let count = 0; count < 3; count++) await instance.get('/console/login')
    assert.notEqual(link(), url)
    assert.equal(instance.output.length - first.length < 400, true, 'only one new link is logged')
    await instance.login()
  })

  it('accepts no password if none is set', async () => {
    for (const body of ['password=', 'password=undefined', 'token=', 'token=undefined', '']) {
      const response = await fetch(`http://127.0.0.1:${instance.port}/console/login`, {
        method: 'POST', body, redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
      assert.equal(response.status, 403, body)
    }
  })
})

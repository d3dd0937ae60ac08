import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Instance, root, wecom } from '../support/instance'

describe('starting the instance', function() {
  this.timeout(30_000)

  let instance: Instance
  before(async () => {
    instance = await Instance.start({ env: { ...wecom, SELF_URL: 'https://bot.example.com/' } })
    await instance.ready()
  })
  after(() => instance.close())

  /** Tells a data frame from a close frame. */
  async function firstByte(path: string, headers?: Record<string, string>) {
    const socket = await instance.upgrade(path, headers)
    const [data] = await once(socket, 'data')
    socket.destroy()
    return data[0]
  }

  it('runs every plugin that koishi.yml asks for', () => {
    assert.doesNotMatch(instance.output, /✗|\[E\]/)
    const applied = instance.output.match(/(?<=apply plugin )[\w-]+(?=:)/g)!.filter(name => name !== 'group')
    assert.deepEqual(applied, [
      'server', 'http', 'proxy-agent', 'database-sqlite', 'commands', 'help', 'echo', 'inspect',
      'console', 'config', 'sandbox', 'logger', 'adapter-wecom-bot', 'gemini-chat',
    ])
  })

  it('prints the URL to paste into the WeCom console', () => {
    assert.match(instance.output, / https:\/\/bot\.example\.com\/api\/wecom\/callback\n/)
  })

  it('answers a GET on the callback path, with and without a trailing slash', async () => {
    for (const path of ['/api/wecom/callback', '/api/wecom/callback/']) {
      const response = await instance.get(path)
      assert.equal(response.status, 200, path)
      assert.match(response.headers.get('content-type')!, /^text\/plain/)
    }
  })

  it('has the console at /console and nothing at /', async () => {
    const response = await instance.get('/console/')
    assert.equal(response.status, 200)
    assert.match(await response.text(), /Koishi/)
    assert.equal((await instance.get('/')).status, 404)
  })

  it('keeps the console without a password from reverse proxies', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7' }
    for (const path of ['/console', '/console/', '/CONSOLE/', '/console/index.js']) {
      assert.equal((await instance.get(path, headers)).status, 403, path)
    }
    assert.equal((await instance.get('/api/wecom/callback', headers)).status, 200)
  })

  it('talks to browsers on this machine only', async () => {
    const [text, close] = [0x81, 0x88]
    assert.equal(await firstByte('/console/status'), text)
    for (const path of ['/console/status', '/Console/Status', `http://127.0.0.1:${instance.port}/console/status`]) {
      assert.equal(await firstByte(path, { origin: 'https://evil.example.com' }), close, path)
      assert.equal(await firstByte(path, { host: 'bot.example.com' }), close, path)
    }
  })

  it('makes the data folder and puts the database there', async () => {
    assert.match(await instance.file('data/koishi.db'), /^SQLite format 3/)
  })

  it('leaves koishi.yml and package.json as they are, byte for byte', async () => {
    for (const name of ['koishi.yml', 'package.json']) {
      assert.equal(await instance.file(name), await readFile(join(root, name), 'utf8'), name)
    }
  })
})

describe('what is on', function() {
  this.timeout(30_000)

  async function applied(env: Record<string, string>) {
    const instance = await Instance.start({ env })
    try {
      await instance.ready()
      return instance.output.match(/(?<=apply plugin )(adapter-[\w-]+|console|auth)(?=:)/g) ?? []
    } finally {
      await instance.close()
    }
  }

  // Port 9 is closed: the adapter goes on trying in the background.
  const dingtalk = {
    DINGTALK_CLIENT_ID: 'ding', DINGTALK_CLIENT_SECRET: 'secret',
    DINGTALK_API_ENDPOINT: 'http://127.0.0.1:9', DINGTALK_OLD_API_ENDPOINT: 'http://127.0.0.1:9',
  }

  it('starts without any setting, with empty values as compose passes them', async () => {
    assert.deepEqual(await applied({ PLATFORM: '', WECOM_BOT_TOKEN: '', HOST: '', SELF_URL: '' }), ['console'])
  })

  it('runs both platforms when both have credentials', async () => {
    assert.deepEqual(await applied({ ...wecom, ...dingtalk }), ['console', 'adapter-wecom-bot', 'adapter-dingtalk'])
  })

  it('runs only the platform that PLATFORM names', async () => {
    assert.deepEqual(await applied({ ...wecom, ...dingtalk, PLATFORM: 'wecom' }), ['console', 'adapter-wecom-bot'])
    assert.deepEqual(await applied({ ...wecom, ...dingtalk, PLATFORM: 'dingtalk' }), ['console', 'adapter-dingtalk'])
  })

  it('has no console on a public address without a password', async () => {
    assert.deepEqual(await applied({ HOST: '0.0.0.0' }), [])
  })

  it('asks for the password on a public address', async () => {
    const instance = await Instance.start({ env: { HOST: '0.0.0.0', KOISHI_ADMIN_PASSWORD: 'a long password' } })
    try {
      await instance.ready()
      assert.match(instance.output, /apply plugin auth:/)
      const socket = await instance.upgrade('/console/status', { host: 'bot.example.com' })
      let text = ''
      const keys = ['config', 'logs', 'packages'].map(key => `"key":"${key}","value":`)
      for await (const data of socket) {
        text += data
        if (keys.every(key => text.includes(key))) break
      }
      for (const key of keys) assert.ok(text.includes(key + 'null'), text)
    } finally {
      await instance.close()
    }
  })
})

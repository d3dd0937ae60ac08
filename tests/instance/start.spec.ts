import assert from 'node:assert/strict'
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
  it('runs every plugin that koishi.yml asks for', () => {
    assert.doesNotMatch(instance.output, /✗|\[E\]/)
    const applied = instance.output.match(/(?<=apply plugin )[\w-]+(?=:)/g)!.filter(name => name !== 'group')
    assert.deepEqual(applied, [
      'server', 'http', 'proxy-agent', 'database-sqlite', 'commands', 'help', 'echo', 'inspect', 'operators',
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
    const response = await instance.get('/console/', { cookie: await instance.login() })
    assert.equal(response.status, 200)
    assert.match(await response.text(), /KOISHI_CONFIG/)
    assert.equal((await instance.get('/')).status, 404)
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
      return instance.output.match(/(?<=apply plugin )(adapter-[\w-]+|console)(?=:)/g) ?? []
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

  it('has a console on a public address with a password', async () => {
    assert.deepEqual(await applied({ HOST: '0.0.0.0', KOISHI_ADMIN_PASSWORD: 'a long password' }), ['console'])
  })
})

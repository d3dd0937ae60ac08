import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { v8Flags } from '../../bin/instance/v8-flags'
import { Instance, root, wecom } from '../support/instance'

describe('starting the instance', function() {
  this.timeout(240_000)

  let instance: Instance
  before(async () => {
    instance = await Instance.start({ env: { ...wecom, SELF_URL: 'https://bot.example.com/' } })
    await instance.ready()
  })
  after(() => instance.close())

  it('applies every enabled plugin of koishi.yml', () => {
    assert.doesNotMatch(instance.output, /✗|\[E\]/)
    const applied = instance.output.match(/(?<=apply plugin )[\w-]+(?=:)/g)!.filter(name => name !== 'group')
    assert.deepEqual(applied, [
      'server', 'http', 'proxy-agent', 'database-sqlite', 'commands', 'help', 'echo', 'inspect', 'operators', 'activity-log',
      'assistant-status', 'console', 'notifier', 'config', 'sandbox', 'logger', 'status', 'adapter-wecom-bot', 'gemini-chat',
    ])
  })

  it('starts the worker with the flags for its V8', async () => {
    const command = await readFile(`/proc/${await instance.workerPid()}/cmdline`, 'utf8')
    for (const flag of v8Flags()) assert.ok(command.split('\0').includes(flag), flag)
  })

  it('prints the URL for the WeCom console', () => {
    assert.match(instance.output, / https:\/\/bot\.example\.com\/api\/wecom\/callback\n/)
  })

  it('responds to GET on the callback path with and without a trailing slash', async () => {
    for (const path of ['/api/wecom/callback', '/api/wecom/callback/']) {
      const response = await instance.get(path)
      assert.equal(response.status, 200, path)
      assert.match(response.headers.get('content-type')!, /^text\/plain/)
    }
  })

  it('serves the console at /console and nothing at /', async () => {
    const response = await instance.get('/console/', { cookie: await instance.login() })
    assert.equal(response.status, 200)
    assert.match(await response.text(), /KOISHI_CONFIG/)
    assert.equal((await instance.get('/')).status, 404)
  })

  it('creates the data folder with the database', async () => {
    assert.match(await instance.file('data/koishi.db'), /^SQLite format 3/)
  })

  it('does not change koishi.yml and package.json', async () => {
    for (const name of ['koishi.yml', 'package.json']) {
      assert.equal(await instance.file(name), await readFile(join(root, name), 'utf8'), name)
    }
  })
})

describe('platforms and console by environment variables', function() {
  this.timeout(240_000)

  async function applied(env: Record<string, string>) {
    const instance = await Instance.start({ env })
    try {
      await instance.ready()
      return instance.output.match(/(?<=apply plugin )(adapter-[\w-]+|console)(?=:)/g) ?? []
    } finally {
      await instance.close()
    }
  }

  // Port 9 is closed; the adapter retries in the background.
  const dingtalk = {
    DINGTALK_CLIENT_ID: 'ding', DINGTALK_CLIENT_SECRET: 'secret',
    DINGTALK_API_ENDPOINT: 'http://127.0.0.1:9', DINGTALK_OLD_API_ENDPOINT: 'http://127.0.0.1:9',
  }

  it('starts without settings and with blank values, as Compose passes them', async () => {
    assert.deepEqual(await applied({ PLATFORM: '', WECOM_BOT_TOKEN: '', HOST: '', SELF_URL: '' }), ['console'])
  })

  it('enables both platforms if both have credentials', async () => {
    assert.deepEqual(await applied({ ...wecom, ...dingtalk }), ['console', 'adapter-wecom-bot', 'adapter-dingtalk'])
  })

  it('enables only the platform named by PLATFORM', async () => {
    assert.deepEqual(await applied({ ...wecom, ...dingtalk, PLATFORM: 'wecom' }), ['console', 'adapter-wecom-bot'])
    assert.deepEqual(await applied({ ...wecom, ...dingtalk, PLATFORM: 'dingtalk' }), ['console', 'adapter-dingtalk'])
  })

  it('disables the console on a public address without a password', async () => {
    assert.deepEqual(await applied({ HOST: '0.0.0.0' }), [])
  })

  it('enables the console on a public address with a password', async () => {
    assert.deepEqual(await applied({ HOST: '0.0.0.0', KOISHI_ADMIN_PASSWORD: 'a long password' }), ['console'])
  })
})

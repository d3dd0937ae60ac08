import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dict } from 'koishi'
import { healthOf } from '../../bin/instance/health-file'
import { root } from '../support/instance'

describe('bin/health.mjs', () => {
  let server: Server
  before(async () => {
    server = createServer((request, response) => {
      response.statusCode = request.url === '/api/wecom/callback' || request.url === '/own' ? 200 : 404
      response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => server.close())

  function check(env: Record<string, string>, cwd = tmpdir()): Promise<number> {
    const { port } = server.address() as { port: number }
    return new Promise(resolve => execFile(process.execPath, [join(root, 'bin/health.mjs')], {
      cwd,
      env: { PATH: process.env.PATH, PORT: String(port), ...env },
    }, error => resolve(error ? Number(error.code) : 0)))
  }

  const on = { WECOM_BOT_TOKEN: 't' }

  it('succeeds if the callback path returns 200', async () => {
    assert.equal(await check(on), 0)
    assert.equal(await check({ ...on, WECOM_BOT_PATH: '/own', HOST: '0.0.0.0' }), 0)
  })

  it('fails if the callback path does not exist', async () => {
    assert.equal(await check({ ...on, WECOM_BOT_PATH: '/lost' }), 1)
  })

  it('succeeds on any response if WeCom is off', async () => {
    assert.equal(await check({ WECOM_BOT_PATH: '/lost' }), 0)
    assert.equal(await check({ ...on, PLATFORM: 'dingtalk', WECOM_BOT_PATH: '/lost' }), 0)
  })

  describe('with the file of a running instance', () => {
    let folder: string
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'health-'))
      await mkdir(join(folder, 'data'))
    })
    afterEach(() => rm(folder, { recursive: true }))

    async function checkWith(running: Dict<Dict>) {
      const { port } = server.address() as { port: number }
      const record = healthOf({ server: { host: '0.0.0.0', port }, ...running })
      await writeFile(join(folder, 'data/health.json'), JSON.stringify(record))
      return check({ PORT: '9' }, folder)
    }

    it('goes by the settings in use, not by variables', async () => {
      assert.equal(await checkWith({ 'adapter-wecom-bot': { path: '/own' } }), 0)
      assert.equal(await checkWith({ 'adapter-wecom-bot': { path: '/lost' } }), 1)
      assert.equal(await checkWith({ 'adapter-dingtalk': {} }), 0)
    })

    it('fails while no platform is on', async () => {
      assert.equal(await checkWith({ 'gemini-chat': {} }), 1)
    })
  })

  it('fails if nothing listens', async () => {
    assert.equal(await check({ PORT: '9' }), 1)
  })
})

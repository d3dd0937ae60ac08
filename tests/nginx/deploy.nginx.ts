import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WecomClient } from 'testkit'
import { freePort } from 'testkit'
import { Instance, root, wecom } from '../support/instance'

const MiB = 1 << 20

/** A real nginx that includes deploy/nginx.conf, in front of the instance. */
async function startNginx(folder: string, port: number, target: number): Promise<ChildProcess> {
  const snippet = await readFile(join(root, 'deploy/nginx.conf'), 'utf8')
  await writeFile(join(folder, 'callback.conf'), snippet.replace('127.0.0.1:35000', `127.0.0.1:${target}`))
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  await writeFile(join(folder, 'nginx.conf'), `
    ${process.getuid!() === 0 ? 'user root;' : ''}
    daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; ${folders.join(' ')}
      server { listen 127.0.0.1:${port}; root ${folder}/empty; include ${folder}/callback.conf; }
    }
  `)
  const nginx = spawn('nginx', ['-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`], { stdio: 'ignore' })
  for (let i = 0; i < 100 && nginx.exitCode === null; i++) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => null)) return nginx
    await sleep(20)
  }
  throw new Error(await readFile(`${folder}/error.log`, 'utf8'))
}

describe('behind nginx with deploy/nginx.conf', function() {
  this.timeout(30_000)

  let folder: string, origin: string, nginx: ChildProcess, instance: Instance, client: WecomClient
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nginx-'))
    instance = await Instance.start({ env: wecom })
    await instance.ready()
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    nginx = await startNginx(folder, port, instance.port)
    client = new WecomClient({
      url: `${origin}/api/wecom/callback`,
      token: wecom.WECOM_BOT_TOKEN,
      encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY,
    })
  })
  after(async () => {
    if (nginx) {
      nginx.kill('SIGTERM')
      await once(nginx, 'exit')
    }
    await instance?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  it('forwards the path with and without a trailing slash', async () => {
    for (const path of ['/api/wecom/callback', '/api/wecom/callback/']) {
      assert.equal((await fetch(origin + path)).status, 200, path)
    }
  })

  it('passes the URL verification of the WeCom console', async () => {
    const verdict = await client.verify()
    assert.ok(verdict.ok, JSON.stringify(verdict))
  })

  it('leaves a + in echostr as it came, percent-encoded or not', async () => {
    let echostr: string
    do echostr = client.encrypt('8124587931345235324'); while (!echostr.includes('+'))
    const { url } = client.sign(echostr, { query: { echostr } })
    for (const address of [url.href, url.href.replaceAll('%2B', '+')]) {
      const response = await fetch(address)
      assert.equal(response.status, 200, address)
      assert.equal(await response.text(), '8124587931345235324')
    }
  })

  it('lets a body of 1 MiB through to the instance, and nothing bigger', async () => {
    const post = (size: number) => fetch(client.sign('x').url, { method: 'POST', body: 'x'.repeat(size) })
    assert.equal((await post(MiB)).status, 400)
    assert.equal((await post(MiB + 1)).status, 413)
    assert.doesNotMatch(await readFile(join(folder, 'error.log'), 'utf8'), /temporary file/)
  })

  it('delivers a message', async () => {
    const { status, reply } = await client.post(client.text('help'))
    assert.equal(status, 200)
    assert.ok(reply)
  })

  it('keeps everything else inside', async () => {
    for (const path of ['/', '/console', '/console/', '/console/status', '/dingtalk', '/api']) {
      assert.equal((await fetch(origin + path)).status, 404, path)
    }
  })
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WecomClient } from 'testkit'
import { Instance, root, wecom } from '../support/instance'
import { Nginx } from '../support/nginx'

const MEGABYTE = 1 << 20

describe('deploy/nginx.conf in front of the instance', function() {
  this.timeout(30_000)

  let origin: string, nginx: Nginx, instance: Instance, client: WecomClient
  before(async () => {
    instance = await Instance.start({ env: wecom })
    await instance.ready()
    const snippet = await readFile(join(root, 'deploy/nginx.conf'), 'utf8')
    nginx = await Nginx.start(snippet.replace('127.0.0.1:35000', `127.0.0.1:${instance.port}`))
    origin = nginx.origin
    client = new WecomClient({
      url: `${origin}/api/wecom/callback`,
      token: wecom.WECOM_BOT_TOKEN,
      encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY,
    })
  })
  after(async () => {
    await nginx?.close()
    await instance?.close()
  })

  it('forwards the path with and without a trailing slash', async () => {
    for (const path of ['/api/wecom/callback', '/api/wecom/callback/']) {
      assert.equal((await fetch(origin + path)).status, 200, path)
    }
  })

  it('passes the URL verification of the WeCom console', async () => {
    const result = await client.verify()
    assert.ok(result.ok, JSON.stringify(result))
  })

  it('preserves a + in echostr, percent-encoded or not', async () => {
    let echostr: string
    do echostr = client.encrypt('8124587931345235324'); while (!echostr.includes('+'))
    const { url } = client.sign(echostr, { query: { echostr } })
    for (const address of [url.href, url.href.replaceAll('%2B', '+')]) {
      const response = await fetch(address)
      assert.equal(response.status, 200, address)
      assert.equal(await response.text(), '8124587931345235324')
    }
  })

  it('forwards a body of 1 MiB and rejects a larger one', async () => {
    const post = (size: number) => fetch(client.sign('x').url, { method: 'POST', body: 'x'.repeat(size) })
    assert.equal((await post(MEGABYTE)).status, 400)
    assert.equal((await post(MEGABYTE + 1)).status, 413)
    assert.doesNotMatch(await nginx.errorLog(), /temporary file/)
  })

  it('delivers a message', async () => {
    const { status, reply } = await client.post(client.text('help'))
    assert.equal(status, 200)
    assert.ok(reply)
  })

  it('forwards no other path', async () => {
    for (const path of ['/', '/console', '/console/', '/console/status', '/dingtalk', '/api']) {
      assert.equal((await fetch(origin + path)).status, 404, path)
    }
  })
})

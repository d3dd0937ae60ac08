import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGemini, createHttpProxy, createSocks, freePort, WecomGateway } from 'testkit'
import type { Gemini, Proxy } from 'testkit'

const key = 'AIzaSyTestTestTestTestTestTestTest9876'
const require_ = (name: string) => ['-r', require.resolve(name)]

describe('npm run doctor', () => {
  let gemini: Gemini
  let proxy: Proxy
  let cwd: string

  before(async () => {
    gemini = await createGemini()
    proxy = await createSocks({ username: 'me', password: 'pass-word' })
    cwd = mkdtempSync(join(tmpdir(), 'doctor-'))
  })

  after(async () => {
    rmSync(cwd, { recursive: true })
    await proxy.close()
    await gemini.close()
  })

  async function run(env: Record<string, string>, ...options: string[]) {
    const script = join(__dirname, '../../bin/doctor.ts')
    const args = [...require_('esbuild-register'), ...require_('yml-register'), script, ...options]
    const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env.PATH, PORT: '1', ...env } })
    let output = ''
    child.stdout.on('data', chunk => output += chunk)
    child.stderr.on('data', chunk => output += chunk)
    const code = await new Promise(resolve => child.on('close', resolve))
    assert.ok(!output.includes(key) && !output.includes('pass-word'), output)
    return { code, output }
  }

  it('exits with 0 if all checks pass', async () => {
    const { code, output } = await run({
      GEMINI_API_KEY: key, GEMINI_BASE_URL: gemini.url, SOCKS_PROXY: proxy.url,
      DINGTALK_CLIENT_ID: 'id', DINGTALK_CLIENT_SECRET: 'secret', GEMINI_MODEL: 'gemini-3.6-flash',
    })
    assert.match(output, /✓ 代理：握手成功[^]*✓ 试问一次：gemini-3\.6-flash[^]*All is well\.\n$/)
    assert.equal(code, 0)
  }).timeout(120_000)

  it('exits with 1 if a check fails, and says how to fix it in both languages', async () => {
    const { code, output } = await run({
      GEMINI_API_KEY: key, GEMINI_BASE_URL: gemini.url, SOCKS_PROXY: proxy.url.replace('pass-word', 'wrong'),
    })
    assert.match(output, /✗ 代理用不了[^]*→ 检查代理是否在运行[^]*Check that the proxy is running/)
    assert.equal(code, 1)
  }).timeout(120_000)

  it('reports settings that prevent the instance from starting', async () => {
    const { code, output } = await run({
      GEMINI_API_KEY: key, GEMINI_BASE_URL: gemini.url, PLATFORM: 'wechat', WECOM_BOT_TOKEN: 'lonely-token',
    })
    assert.match(output, /^✗ PLATFORM 不能是 "wechat"[^]*\n✗ 设置了 WECOM_BOT_TOKEN，但缺少 WECOM_BOT_ENCODING_AES_KEY/)
    assert.ok(!output.includes('lonely-token'))
    assert.equal(code, 1)
  }).timeout(120_000)

  it('connects to the MCP servers of the saved settings, and says why one cannot be used', async () => {
    const example = join(__dirname, '../../plugins/assistant-mcp/tests/support/example-server.ts')
    const server = { command: process.execPath, args: ['-r', require.resolve('esbuild-register'), example] }
    mkdirSync(join(cwd, 'data'))
    writeFileSync(join(cwd, 'data/koishi.yml'), JSON.stringify({ plugins: { 'group:assistant': { 'assistant-mcp:mcp': { servers: [
      { ...server, name: 'notes', exclude: ['die'], env: { GREETED: '${GREETED_PERSON}' } },
      { ...server, name: 'idle', include: ['nothing'] },
      { command: '/nonexistent/program', name: 'gone', env: { TOKEN: '${GREETED_PERSON}' } },
      { ...server, name: 'keyless', env: { TOKEN: '${UNSET_VARIABLE}' } },
    ] } } } }))
    try {
      const { output, code } = await run({ GEMINI_API_KEY: key, GEMINI_BASE_URL: gemini.url, GREETED_PERSON: 'secret-alice' })
      assert.match(output, /✓ MCP 服务器 notes：能连上，提供 5 个工具，使用其中 4 个\n {2}MCP server notes/)
      assert.match(output, /✗ MCP 服务器 idle：能连上，但它的 5 个工具一个也没有用/)
      assert.match(output, /✗ MCP 服务器 gone：连不上，.*ENOENT[^]*→ 检查 assistant-mcp/)
      assert.match(output, /✗ MCP 服务器 keyless：连不上，the variable UNSET_VARIABLE is not set/)
      assert.doesNotMatch(output, /secret-alice/)
      assert.equal(code, 1)
    } finally {
      rmSync(join(cwd, 'data'), { recursive: true })
    }
  }).timeout(60_000)

  describe('with a long connection', () => {
    let gateway: WecomGateway
    const socket = (settings: Record<string, string> = {}) => ({
      GEMINI_API_KEY: key, GEMINI_BASE_URL: gemini.url, WECOM_BOT_ID: 'AIBOTID', WECOM_BOT_SECRET: 'SECRET',
      WECOM_BOT_WS_URL: gateway.url, ...settings,
    })

    beforeEach(async () => {
      gateway = await WecomGateway.create()
    })

    afterEach(async () => {
      await gateway.close()
      assert.deepEqual(gateway.violations, [])
    })

    it('subscribes only when it is told to, since that takes the bot from a running instance', async () => {
      const { output } = await run(socket())
      assert.match(output, /can be reached[^]*BotID and Secret are not checked[^]*npm run doctor -- --subscribe/)
      assert.equal(gateway.sent('aibot_subscribe').length, 0)
    }).timeout(120_000)

    it('checks BotID and Secret', async () => {
      assert.match((await run(socket(), '--subscribe')).output, /BotID and Secret are right/)
      const { code, output } = await run(socket({ WECOM_BOT_SECRET: 'WRONG-SECRET' }), '--subscribe')
      assert.match(output, /refused with errcode 40001[^]*Compare WECOM_BOT_ID and WECOM_BOT_SECRET/)
      assert.doesNotMatch(output, /WRONG-SECRET/)
      assert.equal(code, 1)
    }).timeout(120_000)

    it('says that another process takes the bot', async () => {
      gateway.treat = frame => void (frame.cmd === 'aibot_subscribe' && setTimeout(() => gateway.kick(), 100))
      assert.match((await run(socket(), '--subscribe')).output, /another process has taken the bot[^]*one process per bot/)
    }).timeout(120_000)

    describe('through the proxy that is saved from the console', () => {
      let own: Proxy | undefined

      afterEach(async () => {
        rmSync(join(cwd, 'data'), { recursive: true, force: true })
        await own?.close()
        own = undefined
      })

      function save(plugins: object) {
        mkdirSync(join(cwd, 'data'), { recursive: true })
        writeFileSync(join(cwd, 'data/koishi.yml'), JSON.stringify({ plugins }))
      }

      for (const [name, create] of [['SOCKS', createSocks], ['HTTP', createHttpProxy]] as const) {
        it(`reaches the address, and tells the failures of the proxy apart: ${name}`, async () => {
          own = await create({ username: 'me', password: 'pass-word' })
          save({ 'adapter-wecom-bot:wecom': { proxy: own.url } })
          assert.match((await run(socket())).output, /✓ 企业微信长连接：经代理能连到[^]*can be reached through the proxy/)
          assert.equal(own.connections.length, 1)
          own.refuse()
          assert.match((await run(socket())).output, /cannot be reached[^]*does not connect to WeCom/)
          save({ 'adapter-wecom-bot:wecom': { proxy: own.url.replace('pass-word', 'other') } })
          const refused = await run(socket())
          assert.match(refused.output, /refuses user name or password/)
          assert.equal(refused.code, 1)
        }).timeout(60_000)
      }

      it('never goes past it, and says what is wrong with its address', async () => {
        const port = await freePort()
        for (const [plugins, hint] of [
          [{ 'adapter-wecom-bot:wecom': { proxy: `socks5h://127.0.0.1:${port}` } }, /ECONNREFUSED[^]*No way through the proxy/],
          [{ 'adapter-wecom-bot:wecom': { proxy: '127.0.0.1:1080' } }, /has no scheme[^]*Correct the proxy/],
          [{ 'adapter-wecom-bot:wecom': {}, 'proxy-agent:proxy': { proxyAgent: `http://127.0.0.1:${port}` } }, /No way through the proxy/],
        ] as const) {
          save(plugins)
          assert.match((await run(socket())).output, hint)
        }
        assert.equal(gateway.connectionCount, 0)
      }).timeout(60_000)
    })

    it('says why the address cannot be reached', async () => {
      const closed = await run(socket({ WECOM_BOT_WS_URL: `ws://127.0.0.1:${await freePort()}` }))
      assert.match(closed.output, /cannot be reached, ECONNREFUSED[^]*port 443/)
      const other = await run(socket({ WECOM_BOT_WS_URL: gemini.url.replace('http:', 'ws:') }))
      assert.match(other.output, /this is no long connection of WeCom/i)
      const unknown = await run(socket({ WECOM_BOT_WS_URL: 'wss://does-not-exist.invalid' }))
      assert.match(unknown.output, /(?:ENOTFOUND|EAI_AGAIN)[^]*cannot be resolved/)
      const plain = await run(socket({ WECOM_BOT_WS_URL: gateway.url.replace('ws:', 'wss:') }))
      assert.match(plain.output, /certificate is not accepted/)
    }).timeout(120_000)
  })
})

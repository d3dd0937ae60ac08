import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOpenAi } from 'testkit'
import { root } from '../support/instance'

describe('npm run demo', function() {
  this.timeout(240_000)

  let child: ChildProcess
  let output = ''
  let errors = ''
  let folder: string

  before(() => { folder = mkdtempSync(join(tmpdir(), 'demo-')) })

  // An instance whose demo was killed may still be writing.
  after(() => rmSync(folder, { recursive: true, maxRetries: 100, retryDelay: 100 }))

  let env: Record<string, string> = {}
  afterEach(() => { env = {} })

  function start(...args: string[]) {
    const { PATH, HOME } = process.env
    output = errors = ''
    child = spawn(process.execPath, ['-r', 'esbuild-register', 'bin/demo.ts', ...args], {
      cwd: root,
      env: { PATH, HOME, TMPDIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout!.setEncoding('utf8').on('data', (text: string) => output += text)
    child.stderr!.setEncoding('utf8').on('data', (text: string) => errors += text)
    return once(child, 'close')
  }

  const status = () => execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })

  it('prints the whole answer to one question, exits with 0 and leaves no files', async () => {
    const before = status()
    const [code] = await start('你好，演示')
    assert.equal(code, 0, errors)
    assert.match(output, /^你说：「你好，演示」\n\n我是 \*\*Gemini 的模拟服务\*\*/)
    assert.match(output, /\*This answer comes from a mock of the Gemini API; everything else is real\.\*\n$/)
    assert.match(errors, /没有设置 GEMINI_API_KEY/)
    assert.match(errors, /🗂 .+\n {3}\[停止\] {2}\/click 1\n {3}\[重新回答\] {2}\/click 2\n {3}\[新对话\] {2}\/click 3\n/)
    assert.match(errors, /\(1 encrypted message, [1-9]\d* polls/)
    assert.equal(status(), before)
  })

  it('asks a default question without a terminal', async () => {
    const [code] = await start()
    assert.equal(code, 0, errors)
    assert.match(output, /^你说：「你好，请介绍一下你自己。」/)
  })

  it('asks a service in the dialect of OpenAI, where only that is set', async () => {
    const service = await createOpenAi({ keys: ['sk-demo-key'] })
    try {
      env = { OPENAI_BASE_URL: service.url, OPENAI_API_KEY: 'sk-demo-key', OPENAI_MODEL: 'qwen3' }
      const [code] = await start('你好，通义')
      assert.equal(code, 0, errors)
      assert.match(output, /^你问的是：你好，通义。\n$/)
      assert.match(errors, /由 OPENAI_BASE_URL 的服务回答/)
      assert.equal((service.requests.at(-1)!.body as { model: string }).model, 'qwen3')
    } finally {
      await service.close()
    }
  })

  it('shows the long connection, and exits with 0', async () => {
    const [code] = await start('--websocket', '你好，长连接')
    assert.equal(code, 0, errors)
    assert.match(output, /^你说：「你好，长连接」\n\n我是 \*\*Gemini 的模拟服务\*\*/)
    assert.match(output, /everything else is real\.\*\n$/)
    assert.match(errors, /opened the long connection by itself.*no public address, no callback/)
    // The answer grows: the first frame does not have all of it.
    const states = /\(1 message over the long connection, (\d+) pushed states/.exec(errors)?.[1]
    assert.ok(Number(states) > 1, errors)
    assert.deepEqual(readdirSync(folder), [])
  })

  async function up() {
    while (!output && !errors.includes('The bot is running')) await once(child.stderr!, 'data')
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(errors)!
    return () => fetch(`http://127.0.0.1:${port}/api/wecom/callback`).then(() => true, () => false)
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`stops its instance and removes its files on ${signal}`, async () => {
      const ended = start('说很久')
      const isUp = await up()
      child.kill(signal)
      assert.deepEqual(await ended, [signal === 'SIGINT' ? 130 : 143, null])
      assert.equal(await isUp(), false)
      assert.deepEqual(readdirSync(folder), [])
    })
  }

  it('stops its instance if it is killed', async () => {
    const ended = start('说很久')
    const isUp = await up()
    child.kill('SIGKILL')
    await ended
    const end = Date.now() + 60_000
    while (Date.now() < end && await isUp()) await new Promise(resolve => setTimeout(resolve, 100))
    assert.equal(await isUp(), false)
  })
})

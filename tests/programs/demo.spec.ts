import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../support/instance'

describe('npm run demo', function() {
  this.timeout(60_000)

  let child: ChildProcess
  let output = ''
  let errors = ''
  let folder: string

  before(() => { folder = mkdtempSync(join(tmpdir(), 'demo-')) })

  after(() => rmSync(folder, { recursive: true }))

  function start(...args: string[]) {
    const { PATH, HOME } = process.env
    output = errors = ''
    child = spawn(process.execPath, ['-r', 'esbuild-register', 'bin/demo.ts', ...args], {
      cwd: root,
      env: { PATH, HOME, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout!.setEncoding('utf8').on('data', (text: string) => output += text)
    child.stderr!.setEncoding('utf8').on('data', (text: string) => errors += text)
    return once(child, 'close')
  }

  const status = () => execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })

  it('asks once, prints the whole answer, ends with 0 and leaves nothing behind', async () => {
    const before = status()
    const [code] = await start('你好，演示')
    assert.equal(code, 0, errors)
    assert.match(output, /^你说：「你好，演示」\n\n我是 \*\*Gemini 的替身\*\*/)
    assert.match(output, /\*I am a stand-in for Gemini; everything else you see is the real thing\.\*\n$/)
    assert.match(errors, /没有设置 GEMINI_API_KEY/)
    assert.match(errors, /\(1 encrypted message, [1-9]\d* polls/)
    assert.equal(status(), before)
  })

  it('asks by itself without a terminal', async () => {
    const [code] = await start()
    assert.equal(code, 0, errors)
    assert.match(output, /^你说：「你好，请介绍一下你自己。」/)
  })

  async function up() {
    while (!output && !errors.includes('The bot is up')) await once(child.stderr!, 'data')
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(errors)!
    return () => fetch(`http://127.0.0.1:${port}/api/wecom/callback`).then(() => true, () => false)
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`leaves neither its instance nor a file behind on ${signal}`, async () => {
      const ended = start('说很久')
      const isUp = await up()
      child.kill(signal)
      assert.deepEqual(await ended, [signal === 'SIGINT' ? 130 : 143, null])
      assert.equal(await isUp(), false)
      assert.deepEqual(readdirSync(folder), [])
    })
  }

  it('takes its instance along when it is killed', async () => {
    const ended = start('说很久')
    const isUp = await up()
    child.kill('SIGKILL')
    await ended
    const end = Date.now() + 15_000
    while (Date.now() < end && await isUp()) await new Promise(resolve => setTimeout(resolve, 100))
    assert.equal(await isUp(), false)
  })
})

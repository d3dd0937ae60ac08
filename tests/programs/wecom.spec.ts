import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { UsageError, readOptions } from '../../bin/terminal/options'
import { createBot, credentials, stream } from '../../testkit/tests/wecom/reference-bot'

const root = resolve(__dirname, '../..')

/** Runs a program of bin/ in a folder without an .env file. */
async function run(file: string, args: string[], o: { env?: Record<string, string>, input?: string } = {}) {
  const child = spawn(process.execPath, ['-r', require.resolve('esbuild-register'), `${root}/bin/${file}.ts`, ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, ...o.env },
  })
  child.stdin.end(o.input)
  const closed = new Promise<number>(resolve => child.on('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { out, err, code }
}

describe('npm run wecom', () => {
  const keys = ['--token', credentials.token, '--aes-key', credentials.encodingAESKey]
  let bot: Awaited<ReturnType<typeof createBot>>

  before(async () => {
    bot = await createBot(async ({ msgtype, ...payload }, response) => {
      if (msgtype === 'stream') return stream('再见，世界', true)
      const { content } = payload.text as { content: string }
      if (content === 'fail') return response.writeHead(500).end()
      if (content.startsWith('later')) {
        await fetch(payload.response_url!, { method: 'POST', body: '{"msgtype":"markdown","markdown":{"content":"稍后"}}' })
        return
      }
      return stream('再见')
    })
  })

  after(() => bot.close())

  it('verify reports success', async () => {
    const { out, err, code } = await run('wecom', ['verify', '--url', bot.url, ...keys])
    assert.match(out, /✓ 验证通过，用时 \d+ 毫秒。\n {2}Verified in \d+ ms\.\n$/)
    assert.deepEqual([err, code], ['', 0])
  })

  it('verify reads credentials from the environment and explains a failure', async () => {
    const env = { WECOM_BOT_TOKEN: 'OTHER', WECOM_BOT_ENCODING_AES_KEY: credentials.encodingAESKey }
    const { out, err, code } = await run('wecom', ['verify', '--url', bot.url], { env })
    assert.match(err, /^✗ wrong-token\n {2}服务器拒绝.*\n {2}The server rejected .*\n$/)
    assert.deepEqual([out, code], ['', 1])
  })

  it('verify checks the URL of the local instance by default', () => {
    const url = (env: Record<string, string>) => readOptions(['verify', ...keys], env)?.url
    assert.equal(url({}), 'http://127.0.0.1:35000/api/wecom/callback')
    assert.equal(url({ HOST: '', PORT: '80', WECOM_BOT_PATH: '/callback' }), 'http://127.0.0.1:80/callback')
    assert.equal(url({ SELF_URL: 'https://a.example/' }), 'https://a.example/api/wecom/callback')
  })

  it('chat prints the final text for each input line', async () => {
    const args = ['chat', '--url', bot.url, ...keys, '--bot-id', 'B', '--name', '小智', '--user', 'U']
    const { out, err, code } = await run('wecom', args, { input: '你好\n\n/group C\n在吗\n/exit\nnever\n' })
    assert.deepEqual({ out, err, code }, { out: '再见，世界\n再见，世界\n', err: '', code: 0 })
    const [first, , second] = bot.payloads.slice(-4)
    assert.deepEqual([first.text, first.from, first.aibotid, first.chatid], [{ content: '你好' }, { userid: 'U' }, 'B', undefined])
    assert.deepEqual([second.text, second.chatid], [{ content: '@小智 在吗' }, 'C'])
    assert(!bot.payloads.some(({ text }) => (text as { content?: string })?.content === 'never'))
  })

  it('chat fails if the bot fails', async () => {
    const { out, err, code } = await run('wecom', ['chat', '--url', bot.url, ...keys], { input: 'fail\n' })
    assert.equal(out, '')
    assert.match(err, /500/)
    assert.equal(code, 1)
  })

  it('chat prints active replies with --listen', async () => {
    const { out, code } = await run('wecom', ['chat', '--url', bot.url, ...keys, '--listen', '0'], { input: 'later\n' })
    assert.deepEqual({ out, code }, { out: '↩ response_url\n稍后\n', code: 0 })
  })

  it('prints its usage', async () => {
    const { out, err, code } = await run('wecom', ['--help'])
    assert.match(out, /^用法.*npm run wecom -- verify/s)
    assert.deepEqual([err, code], ['', 0])
  })

  it('reports missing credentials and wrong options', async () => {
    const { out, err, code } = await run('wecom', ['verify'])
    assert.match(err, /^缺少凭据.*WECOM_BOT_TOKEN[^]*\nCredentials are missing/)
    assert.deepEqual([out, code], ['', 1])
    const cases: [args: string[], reason: RegExp][] = [
      [[], /用法/], [['sing'], /用法/], [['verify', 'chat'], /用法/], [['verify', '--nonsense'], /nonsense/],
      [['verify', ...keys, '--url', 'here'], /https:/], [['verify', '--token', 'T', '--aes-key', 'short'], /43/],
    ]
    for (const [args, reason] of cases) {
      assert.throws(() => readOptions(args, {}), error => error instanceof UsageError && reason.test(error.message))
    }
  })
})

describe('npm run keygen', () => {
  it('prints a Token and an EncodingAESKey for .env', async () => {
    const { out } = await run('keygen', [])
    assert.match(out, /^WECOM_BOT_TOKEN=[A-Za-z0-9]{32}\nWECOM_BOT_ENCODING_AES_KEY=[A-Za-z0-9]{43}\n$/)
  })
})

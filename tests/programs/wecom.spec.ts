import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { cardText, clickOn } from '../../bin/terminal/card'
import type { TemplateCard } from '../../bin/terminal/card'
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

  describe('with cards', () => {
    const card = {
      card_type: 'button_interaction', task_id: 'TASK', main_title: { title: '要执行吗' },
      button_list: [{ text: '确认', key: 'yes' }, { text: '取消', key: 'no' }],
    }
    let clicked: unknown
    let cards: Awaited<ReturnType<typeof createBot>>

    beforeEach(async () => {
      cards = await createBot(({ msgtype, event }) => {
        if (msgtype === 'stream') return stream('说完了', true)
        if (msgtype !== 'event') return { ...stream('说'), msgtype: 'stream_with_template_card', template_card: card }
        clicked = (event as { template_card_event: unknown }).template_card_event
        return {
          response_type: 'update_template_card',
          template_card: { ...card, main_title: { title: '已取消' }, button_list: [{ text: '已取消', key: 'no' }] },
        }
      })
    })
    afterEach(() => cards.close())

    it('chat shows the card of a streamed answer below it, and clicks one by its number, key or text', async () => {
      for (const typed of ['2', 'no', '取消']) {
        clicked = undefined
        const { out, err, code } = await run('wecom', ['chat', '--url', cards.url, ...keys], { input: `删除\n/click ${typed}\n` })
        assert.deepEqual([err, code], ['', 0])
        assert.match(out, /^说完了\n🗂 要执行吗\n {3}\[确认\] {2}\/click 1\n {3}\[取消\] {2}\/click 2\n🗂 已取消\n/)
        const { event_key: key, task_id: id } = clicked as Record<string, string>
        assert.deepEqual([key, id], ['no', 'TASK'])
      }
    })

    it('chat clicks a card while the answer waits for that', async () => {
      let isConfirmed = false
      const waiting = await createBot(({ msgtype, event }) => {
        if (msgtype === 'event') {
          isConfirmed = true
          assert.equal((event as { template_card_event: { event_key: string } }).template_card_event.event_key, 'yes')
          return { response_type: 'update_template_card', template_card: { ...card, main_title: { title: '已确认' }, button_list: [] } }
        }
        if (msgtype === 'stream') return stream(isConfirmed ? '已删除' : '等待确认', isConfirmed)
        return { ...stream('等待确认'), msgtype: 'stream_with_template_card', template_card: card }
      })
      try {
        const { out, err, code } = await run('wecom', ['chat', '--url', waiting.url, ...keys], { input: '删除\n/click 确认\n' })
        const lines = '已删除\n🗂 要执行吗\n   [确认]  /click 1\n   [取消]  /click 2\n🗂 已确认\n'
        assert.deepEqual([out, err, code], [lines, '', 0])
      } finally {
        await waiting.close()
      }
    })

    it('chat shows again what can be clicked, where there is no such button', async () => {
      const { out } = await run('wecom', ['chat', '--url', cards.url, ...keys], { input: '/click 1\n删除\n/click 9\n' })
      assert.match(out, /^（没有可以点击的卡片[^]*说完了\n(🗂 要执行吗[^🗂]*)\1$/)
      assert.equal(cards.payloads.filter(({ msgtype }) => msgtype === 'event').length, 0)
    })

    for (const [what, shown, lines, typed, click] of [
      ['a vote', {
        card_type: 'vote_interaction', task_id: 'T', main_title: { title: '投票', desc: '选一个' },
        checkbox: { question_key: 'q', option_list: [{ id: 'a', text: '甲' }, { id: 'b', text: '乙', is_checked: true }] },
        submit_button: { text: '提交', key: 'submit' },
      }, '🗂 投票 — 选一个\n   ? q: 甲 (q=a)  乙 (q=b)\n   [提交]  /click 1', '1 q=a', { eventKey: 'submit', selected: { q: ['a'] } }],
      ['choices that are preset', {
        card_type: 'multiple_interaction', task_id: 'T', main_title: { title: '会议' },
        select_list: [
          { question_key: 'room', title: '会议室', selected_id: 'r2', option_list: [{ id: 'r1', text: '一' }, { id: 'r2', text: '二' }] },
          { question_key: 'hour', option_list: [{ id: '9', text: '九点' }] },
        ],
        submit_button: { text: '预订', key: 'book' },
      }, '🗂 会议\n   ? 会议室: 一 (room=r1)  二 (room=r2)\n   ? hour: 九点 (hour=9)\n   [预订]  /click 1', '预订', {
        eventKey: 'book', selected: { room: ['r2'], hour: ['9'] },
      }],
      ['a menu, a key with an equals sign, and links', {
        card_type: 'text_notice', task_id: 'T', source: { desc: '系统' }, main_title: { title: '通知' }, sub_title_text: '详情如下',
        emphasis_content: { title: '100', desc: '核心数据' }, quote_area: { quote_text: '原话' },
        horizontal_content_list: [{ keyname: '邀请人', value: '张三' }],
        jump_list: [{ title: '官网', url: 'https://work.weixin.qq.com' }], card_action: { url: 'https://work.weixin.qq.com/card' },
        action_menu: { desc: '更多', action_list: [{ text: '不再提醒', key: 'mute=1' }] },
      }, '🗂 系统 — 通知 — 详情如下\n   100 — 核心数据\n   原话\n   邀请人: 张三\n   ↗ 官网 — https://work.weixin.qq.com\n'
      + '   ↗ https://work.weixin.qq.com/card\n   [不再提醒]  /click 1', 'mute=1', { eventKey: 'mute=1' }],
    ] as [string, TemplateCard, string, string, object][]) {
      it(`shows ${what}, and what was chosen is in the click`, () => {
        assert.equal(cardText(shown), lines)
        assert.deepEqual(clickOn(shown, typed), { cardType: shown.card_type, taskId: 'T', ...click })
        assert.equal(clickOn(shown, '1 q=none'), undefined)
        assert.equal(clickOn(shown, '7'), undefined)
      })
    }
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

import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { install } from '@sinonjs/fake-timers'
import { createApp, EditingBot } from '../support/app'
import type { TestApp } from '../support/app'
import { settle } from 'common/testing'
import { fails, gate, piece, questionOf, says } from '../support/engine'

describe('conversation commands', () => {
  let test: TestApp

  const client = () => test.client('alice')
  const read = () => test.bot.read('private:alice').at(-1)
  const contents = (number: number) => test.engine.requests.at(number)!.contents.map(({ parts }) => parts[0].text)

  beforeEach(async () => {
    test = await createApp()
  })

  afterEach(() => test.close())

  describe('gemini.retry', () => {
    it('replaces the last answer', async () => {
      await client().receive('one')
      test.engine.respond(says('first'), says('second'), says('third'))
      await client().shouldReply('two', 'first')
      await client().shouldReply('gemini.retry', 'second')
      await client().shouldReply('three', 'third')
      assert.deepEqual(contents(2), ['one', 'echo: one', 'two'])
      assert.deepEqual(contents(3), ['one', 'echo: one', 'two', 'second', 'three'])
    })

    it('keeps the last answer if there is no new one', async () => {
      test.engine.respond(says('first'), fails('server'), says('third'))
      await client().receive('one')
      await client().shouldReply('gemini.retry', /服务器正忙/)
      await client().receive('two')
      assert.deepEqual(contents(2), ['one', 'first', 'two'])
    })

    it('asks again a question without an answer', async () => {
      test.engine.respond(fails('server'), says('at last'))
      await client().receive('one')
      await client().shouldReply('重新回答', 'at last')
      assert.deepEqual(contents(1), ['one'])
    })

    it('replaces an interrupted answer', async () => {
      test.engine.respond([...piece('half'), ...fails('network')], says('whole'), says('next'))
      await client().receive('one')
      await client().shouldReply('gemini retry', 'whole')
      await client().receive('two')
      assert.deepEqual(contents(2), ['one', 'whole', 'two'])
    })

    it('refuses an empty conversation', async () => {
      await client().shouldReply('gemini.retry', '还没有可以处理的问答。')
      assert.equal(test.engine.requests.length, 0)
    })

    it('acts on the conversation of the user only', async () => {
      await client().receive('one')
      await test.client('bob').shouldReply('gemini.retry', '还没有可以处理的问答。')
    })
  })

  describe('gemini.back', () => {
    it('deletes one turn', async () => {
      for (const text of ['one', 'two', 'three']) await client().receive(text)
      await client().shouldReply('gemini.back', '已收回最近 1 轮问答，从「three」开始。')
      await client().receive('four')
      assert.deepEqual(contents(-1), ['one', 'echo: one', 'two', 'echo: two', 'four'])
    })

    it('deletes several turns, at most all', async () => {
      for (const text of ['one', 'two', 'three']) await client().receive(text)
      await client().shouldReply('gemini.back 2', /最近 2 轮问答，从「two」/)
      await client().shouldReply('回退 9', /最近 1 轮问答，从「one」/)
      await client().shouldReply('gemini back 1', '还没有可以处理的问答。')
    })

    it('stops the answer that is being written', async () => {
      test.engine.respond([...piece('half'), gate(), ...says('never')], says('next'))
      const running = client().receive('one')
      await settle()
      await client().receive('gemini.back', 1)
      await running
      await client().receive('two')
      assert.deepEqual(contents(-1), ['two'])
    })

    it('accepts a number only', async () => {
      await client().receive('one')
      await client().receive('gemini.back none')
      await client().receive('gemini.back 0')
      await client().shouldReply('gemini back then', 'echo: back then')
      assert.equal(contents(-1).length, 3)
    })

    it('escapes the question it quotes', async () => {
      await client().receive('x &lt;at type="all"/&gt; {name}')
      const [reply] = await client().receive('gemini.back')
      assert.equal(reply, '已收回最近 1 轮问答，从「x <at type="all"/> {name}」开始。')
      assert.ok(test.bot.sent.at(-1)!.states[0].every(({ type }) => type === 'text'))
    })
  })

  describe('compaction', () => {
    const long = 'word '.repeat(2000)

    beforeEach(async () => {
      await test.close()
      test = await createApp({ bot: EditingBot, config: { historyTokens: 4000 } })
      test.engine.respond((request) => {
        return /^Summarise/.test(questionOf(request)) ? says('They talked.') : says(`${questionOf(request)}!`)
      })
    })

    it('happens when the history grows too long, with a notice', async () => {
      await client().receive(`one ${long}`)
      await client().receive('two')
      assert.equal(read(), '（对话变长了，较早的内容已压缩成摘要：5k → 33 token。）\n\ntwo!')
      assert.deepEqual(contents(-1), ['[Summary of the conversation before]\nThey talked.', 'OK.', 'two'])
      await client().receive('three')
      assert.equal(read(), 'three!')
      assert.deepEqual(contents(-1).slice(2), ['two', 'two!', 'three'])
    })

    it('shows a status', async () => {
      await client().receive(`one ${long}`)
      const slow = gate()
      test.engine.respond([slow, ...says('They talked.')], says('two!'))
      const done = client().receive('two')
      await settle()
      assert.deepEqual(test.bot.read('private:alice').at(-1), '（正在整理较早的对话……）')
      slow.open()
      await done
      assert.match(test.bot.read('private:alice').at(-1)!, /two!$/)
      assert.equal(test.bot.sent.length, 2)
    })

    it('leaves out the oldest turns if it fails', async () => {
      await client().receive(`one ${long}`)
      test.engine.respond(fails('server'), says('two!'))
      await client().receive('two')
      assert.equal(read(), '（对话变长了，较早的内容这次没能压缩成摘要，暂时没有带上。）\n\ntwo!')
      assert.deepEqual(contents(-1), ['two'])
      assert.match(test.warnings[0], /^could not summarise a conversation: server/)
    })

    it('can be switched off', async () => {
      await test.close()
      test = await createApp({ config: { historyTokens: 4000, compaction: false } })
      await client().receive(`one ${long}`)
      await client().shouldReply('two', 'echo: two')
      assert.equal(test.engine.requests.length, 2)
    })

    it('keeps the last turn with gemini.compact', async () => {
      const some = 'word '.repeat(600)
      await client().receive(`one ${some}`)
      await client().receive('two')
      await client().shouldReply('gemini.compact', /^较早的内容已压缩成摘要：1\.5k → \d+ token。$/)
      await client().receive('three')
      assert.deepEqual(contents(-1).slice(1), ['OK.', 'two', 'two!', 'three'])
    })

    it('waits in the queue with gemini.compact, within its limit', async () => {
      const slow = gate()
      test.engine.respond([...piece('one'), slow, ...says('!')])
      const answer = client().receive('one')
      await settle()
      const waiting = Array.from({ length: 3 }, () => client().receive('gemini.compact'))
      await settle()
      await client().shouldReply('gemini.compact', /^前面的问题还没有答完/)
      slow.open()
      await answer
      assert.deepEqual((await Promise.all(waiting)).flat(), Array(3).fill('对话还不长，不需要压缩。'))
    })

    it('refuses short conversations and reports failures with gemini.compact', async () => {
      await client().receive('one')
      await client().shouldReply('压缩对话', '对话还不长，不需要压缩。')
      await client().receive(long.slice(0, 4000))
      await client().receive('two')
      test.engine.respond(fails('server'))
      await client().shouldReply('gemini compact', /没能压缩，对话保持原样/)
    })

    it('counts towards the limits with gemini.compact', async () => {
      await test.close()
      test = await createApp({ bot: EditingBot, config: { userRate: 1 } })
      await client().receive('one')
      await client().shouldReply('gemini.compact', /^你每分钟可以发 1 条/)
    })

    it('leaves no question for gemini.retry behind a summary', async () => {
      await client().receive(`one ${long}`)
      test.engine.respond(says('They talked.'), fails('server'))
      await client().receive('two')
      await client().shouldReply('gemini.back', /收回/)
      await client().shouldReply('gemini.retry', '还没有可以处理的问答。')
    })
  })

  describe('idle expiry', () => {
    it('starts a new conversation, with a notice in the next answer', async () => {
      await test.close()
      const clock = install({ toFake: ['Date', 'performance'] })
      try {
        test = await createApp({ config: { idleExpiry: 60_000 } })
        await client().receive('one')
        clock.tick(60_001)
        await client().shouldReply('two', '（隔了很久，这是一段新的对话。）\n\necho: two')
        await client().shouldReply('three', 'echo: three')
        assert.deepEqual(test.engine.requests.map(request => request.contents.length), [1, 1, 3])
      } finally {
        clock.uninstall()
      }
    })

    it('deletes conversations without an expiry after a year', async () => {
      await test.close()
      const clock = install({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
      try {
        test = await createApp({ prepare: app => void app.plugin(memory as never) })
        await client().receive('one')
        const rows = () => test.app.database.get('gemini_turn', {})
        for (const [days, left] of [[365, 1], [1, 0]]) {
          clock.jump(days * 86_400_000)
          await clock.tickAsync(3_600_000)
          assert.equal((await rows()).length, left)
        }
      } finally {
        clock.uninstall()
      }
    })

    it('deletes the conversation in the background', async () => {
      await test.close()
      const clock = install({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
      try {
        test = await createApp({ config: { idleExpiry: 60_000 }, prepare: app => void app.plugin(memory as never) })
        await client().receive('one')
        const rows = () => test.app.database.get('gemini_turn', {})
        await clock.tickAsync(59_000)
        assert.equal((await rows()).length, 1)
        await clock.tickAsync(61_000)
        assert.equal((await rows()).length, 0)
        await client().shouldReply('two', '（隔了很久，这是一段新的对话。）\n\necho: two')
      } finally {
        clock.uninstall()
      }
    })
  })

  it('report a failing database', async () => {
    await test.close()
    test = await createApp({ prepare: app => void app.plugin(memory as never) })
    await client().receive('one')
    const { remove } = test.app.database
    test.app.database.remove = () => Promise.reject(new Error('disk full'))
    try {
      await client().shouldReply('gemini.back', /暂时改不了/)
      await client().shouldReply('gemini.reset', /暂时改不了/)
    } finally {
      test.app.database.remove = remove
    }
  })
})

import assert from 'node:assert/strict'
import { h } from 'koishi'
import type { EngineError } from '../../src'
import { createApp, EditingBot, plain, RecordingBot } from '../support/app'
import type { TestApp } from '../support/app'
import { settle, until } from 'common/testing'
import { fails, gate, piece, questionOf, says } from '../support/engine'

describe('a conversation', () => {
  let test: TestApp
  let texts: (number: number) => string[]

  beforeEach(async () => {
    test = await createApp()
    texts = number => test.engine.requests[number].contents.map(({ role, parts }) => {
      return `${role}: ${parts.map(part => part.text).join('')}`
    })
  })

  afterEach(() => test.close())

  describe('takes place', () => {
    it('in a direct chat', async () => {
      await test.client('alice').shouldReply('hello', 'echo: hello')
    })

    it('in a group with people who address the bot', async () => {
      const client = test.client('alice', 'group')
      await client.shouldReply('<at id="514"/> hello', 'echo: hello')
      await client.shouldReply('小G，hello', 'echo: hello')
      await client.shouldReply('hello <at id="514"/>', 'echo: hello')
      await client.shouldNotReply('hello')
      await client.shouldNotReply('<at id="1"/> hello')
      assert.equal(test.engine.requests.length, 3)
    })

    it('without catching messages for others', async () => {
      test.app.middleware((session, next) => session.content === 'ping' ? 'pong' : next())
      await test.client('alice', 'group').shouldReply('ping', 'pong')
      test.app.command('tell').action(() => 'told')
      await test.client('alice').shouldReply('tell', 'told')
      assert.equal(test.engine.requests.length, 0)
    })

    it('with the quoted message in the prompt', async () => {
      await test.client('alice').receive('<quote id="1">the sky is green</quote>why?')
      assert.deepEqual(texts(0), ['user: Quoted message:\n> the sky is green\n\nwhy?'])
    })

    it('not about a blank message', async () => {
      await test.client('alice').shouldReply(' <at id="1"/> ', /请把想问的写成文字/)
      assert.equal(test.engine.requests.length, 0)
    })

    it('once per message, however often the platform delivers it', async () => {
      const event = {
        type: 'message', user: { id: 'alice' }, channel: { id: 'private:alice', type: 1 },
        message: { id: 'same', elements: [h.text('hello')] },
      }
      for (let time = 0; time < 3; time++) {
        test.bot.receive(event, test.client('alice'))
        await settle()
      }
      assert.equal(test.engine.requests.length, 1)
      assert.deepEqual(test.bot.read('private:alice'), ['echo: hello'])
    })
  })

  describe('keeps', () => {
    it('questions and answers', async () => {
      const client = test.client('alice')
      await client.receive('one')
      await client.receive('two')
      await client.receive('three')
      assert.deepEqual(texts(2), ['user: one', 'model: echo: one', 'user: two', 'model: echo: two', 'user: three'])
    })

    it('parts exactly as the engine reported them', async () => {
      const native = { engine: 'gemini' as const, fields: { thoughtSignature: 'sig' } }
      const parts = [{ text: 'hm', thought: true }, { text: 'a' }, { text: '', native }]
      test.engine.respond([...parts.map(part => ({ type: 'part' as const, part })), { type: 'text', text: 'a' }, ...says()])
      await test.client('alice').receive('one')
      await test.client('alice').receive('two')
      assert.deepEqual(test.engine.requests[1].contents[1].parts, parts)
    })

    it('nothing of other people and channels, and nothing of failures', async () => {
      await test.client('alice').receive('private')
      await test.client('alice', 'group').receive('<at id="514"/> mine')
      await test.client('bob', 'group').receive('<at id="514"/> his')
      test.engine.respond(fails('server'), says('ok'))
      await test.client('alice', 'group').receive('<at id="514"/> failing')
      await test.client('alice', 'group').receive('<at id="514"/> next')
      assert.deepEqual(texts(4), ['user: mine', 'model: echo: mine', 'user: next'])
    })

    it('as many turns as fit into the budget', async () => {
      await test.close()
      test = await createApp({ config: { historyTokens: 100 } })
      const usage = (prompt: number) => ({ inputTokens: prompt, outputTokens: 20 })
      test.engine.respond(
        [...piece('1'), { type: 'usage', usage: usage(30) }, ...says()],
        [...piece('2'), { type: 'usage', usage: usage(65) }, ...says()],
        says('3'),
      )
      for (const question of ['one', 'two', 'three']) await test.client('alice').receive(question)
      // Turns of 50 and 35 tokens, and a question of one token.
      assert.equal(test.engine.requests[2].contents.length, 5)
      await test.client('alice').receive('four'.repeat(20))
      assert.deepEqual(texts(3).slice(0, -1), ['user: two', 'model: 2', 'user: three', 'model: 3'])
    })

    it('the system instruction', async () => {
      await test.close()
      test = await createApp({ config: { instructions: 'Speak like a pirate.' } })
      await test.client('alice').receive('one')
      assert.equal(test.engine.requests[0].system, 'Speak like a pirate.')
    })
  })

  describe('queues', () => {
    it('two messages and answers them one after the other', async () => {
      const first = gate()
      test.engine.respond([first, ...says('first')], says('second'))
      const client = test.client('alice')
      client.receive('one')
      const done = client.receive('two')
      await settle()
      assert.equal(test.engine.requests.length, 1)
      first.open()
      await done
      assert.deepEqual(test.bot.read('private:alice').slice(1), ['first', 'second'])
      assert.deepEqual(texts(1), ['user: one', 'model: first', 'user: two'])
    })

    it('no more than the limit, and says so', async () => {
      await test.close()
      test = await createApp({ config: { queue: 1 } })
      const first = gate()
      test.engine.respond([first, ...says('first')], says('second'))
      const client = test.client('alice')
      client.receive('one')
      client.receive('two')
      const done = client.receive('three')
      await settle()
      assert.match(test.bot.read('private:alice')[1], /前面的问题还没有答完/)
      first.open()
      await done
      assert.deepEqual(test.bot.read('private:alice').slice(2), ['first', 'second'])
      assert.equal(test.engine.requests.length, 2)
    })
  })

  describe('is interrupted', () => {
    it('with a notice, and its text stays in the history', async () => {
      test.engine.respond([...piece('half an ans'), ...fails('network')], says('ok'))
      const client = test.client('alice')
      await client.shouldReply('one', /^half an ans\n\n（回答在这里中断了。.*「继续」.*「重新回答」/)
      assert.equal(test.warnings.length, 1)
      await client.receive('two')
      assert.deepEqual(texts(1), ['user: one', 'model: half an ans[interrupted]', 'user: two'])
    })

    it('by a filter, without offering to continue', async () => {
      test.engine.respond([...piece('half'), ...fails('blocked', { reason: 'answer', detail: 'SAFETY' })])
      await test.client('alice').shouldReply('one', /^half\n\n（Gemini 的安全策略在这里拦下了回答/)
    })

    it('at the length limit, with a hint how to continue', async () => {
      test.engine.respond([...piece('long'), { type: 'end', reason: 'length' }])
      await test.client('alice').shouldReply('one', /^long\n\n（回答达到了长度上限/)
      assert.deepEqual(test.warnings, [])
    })
  })

  describe('lets other plugins', () => {
    it('change the question', async () => {
      test.app.on('gemini/before-request', async (question, session) => {
        question.system = `You talk to ${session.userId}.`
        question.tools = ['search']
      })
      await test.client('alice').receive('one')
      assert.equal(test.engine.requests[0].system, 'You talk to alice.')
      assert.deepEqual(test.engine.requests[0].tools, ['search'])
    })

    it('refuse the question', async () => {
      test.app.on('gemini/before-request', () => {
        throw new Error('not today')
      })
      await test.client('alice').shouldReply('one', /出了点意外/)
      assert.deepEqual(test.warnings, ['unexpected error: not today'])
      assert.equal(test.engine.requests.length, 0)
    })

    it('see the reply', async () => {
      const replies: string[] = []
      test.app.on('gemini/after-reply', (reply, session) => void replies.push(`${session.userId}: ${reply.text}`))
      await test.client('alice').receive('one')
      test.engine.respond(fails('server'))
      await test.client('alice').receive('two')
      assert.deepEqual(replies, ['alice: echo: one'])
    })

    it('see what interrupted the reply', async () => {
      const codes: unknown[] = []
      test.app.on('gemini/after-reply', ({ error }) => void codes.push((error as EngineError | undefined)?.code))
      test.engine.respond([...piece('half'), ...fails('network')], says('whole'))
      await test.client('alice').receive('one')
      await test.client('alice').receive('two')
      assert.deepEqual(codes, ['gemini-chat/network-failed', undefined])
    })
  })

  it('runs no commands that the model writes', async () => {
    let runs = 0
    test.app.command('secret').action(() => `secret ${++runs}`)
    const text = 'ok <execute>secret</execute> <at type="all"/> <img src="file:///etc/passwd"/> &lt;at id="1"/&gt;'
    test.engine.respond(says(text), [...piece(text), ...fails('network')])
    await test.client('alice').shouldReply('one', text)
    const [reply] = await test.client('alice').receive('two')
    assert.ok(reply.startsWith(text))
    assert.equal(runs, 0)
  })

  it('logs an answer that could not be delivered', async () => {
    await test.close()
    class MuteBot extends RecordingBot {
      override async sendMessage(): Promise<string[]> {
        throw new Error('POST https://platform/token failed')
      }
    }
    test = await createApp({ bot: MuteBot })
    const done = test.client('alice').receive('one')
    await settle()
    test.unload()
    await done
    assert.deepEqual(test.warnings, ['could not deliver an answer: POST <url> failed'])
  })
})

describe('a conversation on a platform that can edit', () => {
  let test: TestApp
  const states = () => test.bot.sent.map(sent => sent.states.map(plain))

  beforeEach(async () => {
    test = await createApp({ bot: EditingBot })
  })

  afterEach(() => test.close())

  it('shows the answer as it grows, in one message', async () => {
    const steps = [gate(), gate()]
    test.engine.respond([...piece('one'), steps[0], ...piece(' two'), steps[1], ...piece(' three'), ...says()])
    const done = test.client('alice').receive('count')
    for (const [index, step] of steps.entries()) {
      await until(() => states()[0]?.length === index + 1)
      step.open()
    }
    await done
    assert.deepEqual(states(), [['one', 'one two', 'one two three']])
    assert.equal(test.bot.sent[0].options?.session?.userId, 'alice')
  })

  it('completes the answer before the middleware chain ends', async () => {
    test.engine.respond([...piece('one'), new Promise(resolve => setTimeout(resolve, 5)), ...piece(' two'), ...says()])
    const atEnd = new Promise<string[]>(resolve => test.app.on('middleware', () => resolve(test.bot.read('private:alice'))))
    await test.client('alice').receive('count')
    assert.deepEqual(await atEnd, ['one two'])
  })

  it('puts notices into the same message', async () => {
    test.engine.respond([...piece('one'), new Promise(resolve => setTimeout(resolve, 5)), ...fails('network')])
    await test.client('alice').receive('count')
    assert.match(states()[0].at(-1)!, /^one\n\n（回答在这里中断了/)
    assert.equal(states().length, 1)
  })

  it('sends raw Markdown if the adapter takes it', async () => {
    await test.close()
    test = await createApp({ bot: EditingBot, markdown: true })
    test.engine.respond(says('**bold** <at type="all"/>'))
    await test.client('alice').receive('count')
    assert.equal(test.bot.sent[0].states.at(-1)!.join(''), '<markdown state="typing">**bold** &lt;at type="all"/&gt;</markdown>')
  })

  it('sends one message if streaming is switched off', async () => {
    await test.close()
    test = await createApp({ bot: EditingBot, config: { streaming: false } })
    test.engine.respond(says('one', ' two', ' three'))
    await test.client('alice').receive('count')
    assert.deepEqual(states(), [['one two three']])
  })
})

describe('a conversation on DingTalk, with the stock adapter alone', () => {
  it('is answered in elements that its encoder can show', async () => {
    const test = await createApp({ platform: 'dingtalk' })
    try {
      test.engine.respond(says('# Title\n\nUse `code`:\n\n- one\n- two'))
      const client = test.client('alice', 'group')
      client.event.platform = 'dingtalk'
      await client.receive('<at id="514"/> hello')
      assert.equal(questionOf(test.engine.requests[0]), 'hello')
      assert.equal(test.bot.sent[0].states[0].join(''), '<b>Title</b>\n\nUse code:\n\n• one\n• two')
    } finally {
      await test.close()
    }
  })
})

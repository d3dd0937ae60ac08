import assert from 'node:assert/strict'
import type { Context, Session } from 'koishi'
import { h } from 'koishi'
import type { PayloadOptions, WecomClient } from 'testkit'
import { until } from 'common/testing'
import type WecomBot from '../../src'
import { cards } from '../support/cards'
import type { World } from '../support/world'
import { createWorld } from '../support/world'

const GROUP = { chatId: 'wrkSFfCgAA' }
const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

describe('an answer in a stream', () => {
  let world: World
  /** Client of a bot that waits for complete answers in the first frame. */
  let client: WecomClient
  /** Client of a bot that opens a stream at once. */
  let impatient: WecomClient
  let app: Context
  let answer: (session: Session) => unknown
  let seeing: { content: string, resolve: () => void }[] = []

  before(async () => {
    world = await createWorld()
    app = world.app
    app.middleware(session => answer(session) as never)
    app.command('add <a:number> <b:number>').action((_, a, b) => String(a + b))
    world.add({ name: '小 助手', firstReply: 4000 })
    world.add({ botId: 'IMPATIENT', token: 'impatient', firstReply: 0 })
    client = world.client({ botName: '小 助手' })
    impatient = world.client({ botId: 'IMPATIENT', token: 'impatient' })
  })

  after(() => world.close())

  beforeEach(() => {
    seeing = []
    world.log.lines.splice(0)
    world.wecom.responses.splice(0)
  })

  /** Everything a bubble has shown. */
  async function ask(content: string, options?: PayloadOptions, by = client) {
    const frames: string[] = []
    for await (const frame of by.ask(content, options)) {
      frames.push(frame.content + (frame.finish ? '■' : ''))
      for (const { content, resolve } of seeing) if (frames.at(-1) === content) resolve()
    }
    return frames.filter((frame, index) => frame !== frames[index - 1])
  }

  const stream = (content: string) => ask(content, undefined, impatient)

  /** Resolves when a bubble has shown this. */
  function seen(content: string) {
    return new Promise<void>(resolve => seeing.push({ content, resolve }))
  }

  it('shows in one frame what a middleware returns', async () => {
    answer = ({ content }) => `you said ${content}`
    assert.deepEqual(await ask('hi'), ['you said hi■'])
  })

  it('renders Koishi elements as WeCom\'s Markdown', async () => {
    answer = () => '<b>bold</b> &lt;i&gt; <a href="https://example.com">link</a><br/>*literal*'
    assert.deepEqual(await ask('hi'), ['**bold** <\u200bi> [link](https://example.com)\n*\u200aliteral*■'])
  })

  it('takes Markdown as it is', async () => {
    answer = () => h('markdown', h.text('# title\n\n**bold** <execute>help</execute>'))
    assert.deepEqual(await ask('hi'), ['# title\n\n**bold** <execute>help</execute>■'])
  })

  it('carries a card that a plugin sends, although cards of buttons are off', async () => {
    answer = () => [h('wecom-bot:card', { content: cards.vote_interaction }), h('button', { id: 'a' }, 'A')]
    const { reply } = await client.post(client.text('hi'))
    assert.deepEqual(reply!.template_card, cards.vote_interaction)
    assert.equal(reply!.stream!.content, '- A')
  })

  it('shows all messages in one bubble', async () => {
    answer = async (session) => {
      await session.send('one')
      await session.send('<message>two</message><message>three</message>')
      return 'four'
    }
    assert.deepEqual(await ask('hi'), ['one\n\ntwo\n\nthree\n\nfour■'])
  })

  it('shows a message while it is edited', async () => {
    answer = async (session) => {
      await seen('<think></think>')
      const [id] = await session.send('one')
      await seen('one')
      await session.bot.editMessage(session.channelId!, id, 'one two')
      await seen('one two')
      await session.bot.editMessage(session.channelId!, id, 'one two three')
    }
    assert.deepEqual(await stream('hi'), ['<think></think>', 'one', 'one two', 'one two three■'])
  })

  it('removes a deleted message', async () => {
    answer = async (session) => {
      const [id] = await session.send('please wait')
      await seen('please wait')
      await session.send('done')
      await session.bot.deleteMessage(session.channelId!, id)
    }
    assert.deepEqual((await stream('hi')).slice(-2), ['please wait', 'done■'])
  })

  it('is empty if no plugin answers', async () => {
    answer = () => undefined
    const { status, raw } = await client.post(client.text('hi'))
    assert.deepEqual([status, raw], [200, ''])
  })

  it('is empty if a plugin fails, and an open bubble is closed', async () => {
    answer = () => {
      throw new Error('at once')
    }
    assert.deepEqual(await ask('hi'), [])
    answer = async () => {
      await seen('<think></think>')
      throw new Error('later')
    }
    const frames = await stream('hi')
    assert.equal(frames[0], '<think></think>')
    assert.ok(frames.at(-1)!.endsWith('■') && frames.at(-1)!.length > 1)
  })

  it('supports session.prompt', async () => {
    answer = async (session) => {
      if (session.content !== 'order') return
      await session.send('what?')
      const what = await session.prompt(5000)
      return `one ${what}`
    }
    const asked = seen('what?')
    const first = stream('order')
    await asked
    const second = await impatient.post(impatient.text('tea'))
    if (second.reply) assert.notEqual(second.reply.stream!.content, '')
    assert.deepEqual((await first).slice(-2), ['what?', 'what?\n\none tea■'])
  })

  it('runs commands, in groups after the mention', async () => {
    answer = () => undefined
    assert.deepEqual(await ask('add 1 2'), ['3■'])
    assert.deepEqual(await ask('add 3 4', GROUP), ['7■'])
    assert.deepEqual(await ask('@小 助手  add 5 6', GROUP), ['11■'])
  })

  it('has user, channel and bot in its session', async () => {
    const seen: unknown[] = []
    answer = ({ platform, selfId, userId, channelId, guildId, isDirect, content, stripped, messageId }) => {
      seen.push({ platform, selfId, userId, channelId, guildId, isDirect, content, appel: stripped.appel, messageId })
    }
    await ask('hi', { msgId: 'M1' })
    await ask('hi', { ...GROUP, msgId: 'M2', userId: 'OTHER' })
    const common = { platform: 'wecom-bot', selfId: 'wecom-bot' }
    assert.deepEqual(seen, [{
      ...common, userId: 'USERID', channelId: 'private:USERID', guildId: undefined, isDirect: true, content: 'hi',
      appel: false, messageId: 'M1',
    }, {
      ...common, userId: 'OTHER', channelId: GROUP.chatId, guildId: GROUP.chatId, isDirect: false,
      content: '<at id="wecom-bot"/>hi', appel: true, messageId: 'M2',
    }])
  })

  it('does not execute elements in people\'s messages', async () => {
    answer = session => session.elements
    assert.deepEqual(await ask('<execute>add 1 2</execute>'), ['<\u200bexecute>add 1 2<\u200b/execute>■'])
  })

  it('runs plugins once for a repeated message', async () => {
    let runs = 0
    answer = async () => {
      runs++
      await pause(20)
      return 'once'
    }
    const payload = client.text('hi')
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.post(payload)))
    assert.equal(runs, 1)
    assert.equal(new Set(answers.map(({ reply }) => reply!.stream!.id)).size, 1)
  })

  it('sends a message after the end on its own', async () => {
    let late!: Session
    answer = (session) => {
      late = session
      return 'now'
    }
    const { stream } = (await client.post(client.text('hi'))).reply!
    assert.deepEqual([stream!.content, stream!.finish], ['now', true])
    // The server notices a moment later that its response has arrived.
    await until(() => !(late.bot as WecomBot).services.turns.find(stream!.id)?.isUnfinished)
    await late.send('later')
    assert.deepEqual(world.wecom.responses.map(({ body, errcode }) => [body.markdown.content, errcode]), [['later', 0]])
  })

  it('takes messages that are sent to the chat without a session', async () => {
    answer = async (session) => {
      await session.bot.sendMessage(session.channelId!, 'without')
      await seen('without')
      await session.bot.sendPrivateMessage(session.userId!, 'private')
    }
    assert.deepEqual((await stream('hi')).slice(-2), ['without', 'without\n\nprivate■'])
    assert.deepEqual(world.wecom.responses, [])
  })

  it('takes no message for another chat', async () => {
    const failures: unknown[] = []
    answer = async (session) => {
      const { bot } = session
      const send = (channelId: string) => bot.sendMessage(channelId, 'secret', undefined, { session })
      await send('private:OTHER').catch(error => failures.push(error))
      await bot.sendPrivateMessage(session.userId!, 'secret', undefined, { session }).catch(error => failures.push(error))
      return 'public'
    }
    assert.deepEqual(await ask('hi', GROUP), ['public■'])
    assert.equal(failures.length, 2)
    assert.deepEqual(world.wecom.responses, [])
  })
})

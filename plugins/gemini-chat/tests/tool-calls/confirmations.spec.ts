import assert from 'node:assert/strict'
import { settle } from 'common/testing'
import { h } from 'koishi'
import type { ToolOptions } from '../../src'
import { createApp, EditingBot, plain, RecordingBot } from '../support/app'
import type { AppOptions, TestApp } from '../support/app'
import { callsTools, resultsIn, says } from '../support/engine'

describe('a tool that changes something', () => {
  let test: TestApp
  let ran: unknown[]
  const tool: ToolOptions = {
    name: 'notify', description: 'Sends a notice', title: { zh: '发通知', en: 'send a notice' }, confirm: true,
    parameters: { type: 'object', properties: { text: { type: 'string' } } },
    run: args => void ran.push(args),
  }
  const start = async (options: AppOptions = {}) => {
    test = await createApp({ bot: EditingBot, ...options })
    ran = []
    test.app.assistant.tool(tool)
    test.engine.respond(callsTools(['notify', { text: 'hello' }]), says('done'))
  }
  afterEach(() => test.close())

  const settled = async () => {
    for (let i = 0; i < 5; i++) await settle()
  }
  /** The ids of the buttons of the last question. */
  const buttons = () => h.select(test.bot.sent.at(-1)!.states[0], 'button').map(({ attrs }) => attrs.id as string)
  const click = (id: string, userId = 'alice', channelId = 'private:alice') => {
    test.bot.receive({
      type: 'interaction/button', user: { id: userId }, button: { id },
      channel: { id: channelId, type: channelId.startsWith('private:') ? 1 : 0 },
    }, test.client(userId, channelId))
  }
  const begin = async (channel?: string) => {
    const done = test.client('alice', channel).receive(channel ? '<at id="514"/> hi' : 'hi')
    await settled()
    return done
  }
  /** Begins without waiting for the end, which `begin` would return. */
  const open = async (channel?: string) => {
    const state = { done: Promise.resolve() as Promise<unknown> }
    state.done = test.client('alice', channel).receive(channel ? '<at id="514"/> hi' : 'hi')
    await settled()
    return state
  }

  it('shows what it will do, and waits for a click', async () => {
    await start()
    const { done } = await open()
    const question = plain(test.bot.sent.at(-1)!.states[0])
    assert.match(question, /我要执行「发通知」/)
    assert.match(question, /"text": "hello"/)
    assert.equal(ran.length, 0)
    click(buttons()[0])
    await done
    assert.deepEqual(ran, [{ text: 'hello' }])
    const asked = test.bot.sent.find(({ states }) => /我要执行/.test(plain(states[0])))!
    assert.match(plain(asked.states.at(-1)!), /好的，这就执行。/)
    assert.deepEqual(h.select(asked.states.at(-1)!, 'button'), [])
  })

  it('is not done after a click on the other button', async () => {
    await start()
    const { done } = await open()
    click(buttons()[1])
    await done
    assert.deepEqual(ran, [])
    assert.match(resultsIn(test.engine.requests[1])[0], /did not allow it/)
  })

  for (const [word, runs] of [['确认', 1], [' 确认。', 1], ['confirm', 1], ['取消', 0], ['Cancel!', 0]] as const) {
    it(`takes the word ${word}`, async () => {
      await start()
      const { done } = await open()
      await test.client('alice').receive(word)
      await done
      assert.equal(ran.length, runs)
    })
  }

  it('takes a word in a group from a person who addresses the bot', async () => {
    await start()
    const { done } = await open('group')
    await test.client('alice', 'group').receive('确认')
    await settled()
    assert.equal(ran.length, 0)
    await test.client('alice', 'group').receive('<at id="514"/> 确认')
    await done
    assert.equal(ran.length, 1)
  })

  it('can be confirmed by the person who asked only, where they asked', async () => {
    await start()
    const { done } = await open('group')
    const [confirm] = buttons()
    await test.client('bob', 'group').shouldReply('<at id="514"/> 确认', /要由提问的人来确认/)
    click(confirm, 'bob', 'group')
    click(confirm, 'alice', 'other')
    click('confirm:0123456789abcdef01234567:confirmed', 'alice', 'group')
    await settled()
    assert.equal(ran.length, 0)
    click(confirm, 'alice', 'group')
    await done
    assert.equal(ran.length, 1)
  })

  it('is not done by a click on the card of an earlier question', async () => {
    await start()
    const first = await open()
    const [old] = buttons()
    click(buttons()[1])
    await first.done
    test.engine.respond(callsTools(['notify', { text: 'again' }]), says('done'))
    const second = await open()
    click(old)
    await settled()
    assert.equal(ran.length, 0)
    click(buttons()[1])
    await second.done
  })

  it('is not done when there is no answer in time', async () => {
    await start({ config: { confirmTimeout: 1000 } })
    await begin()
    assert.deepEqual(ran, [])
    assert.match(resultsIn(test.engine.requests[1])[0], /did not confirm it in time/)
    assert.match(test.bot.sent.map(({ states }) => plain(states.at(-1)!)).join(), /没有等到确认/)
  })

  it('is not done when the answer is stopped', async () => {
    await start()
    const { done } = await open()
    await test.client('alice').receive('停止')
    await done
    assert.deepEqual(ran, [])
  })

  it('asks for one thing at a time', async () => {
    await start()
    test.engine.respond(callsTools(['notify', { text: 'one' }], ['notify', { text: 'two' }]), says('done'))
    const { done } = await open()
    const asked = () => test.bot.sent.filter(({ states }) => /我要执行/.test(plain(states[0]))).length
    assert.equal(asked(), 1)
    await test.client('alice').receive('确认')
    await settled()
    assert.equal(asked(), 2)
    await test.client('alice').receive('取消')
    await done
    assert.deepEqual(ran, [{ text: 'one' }])
  })

  it('shows invisible characters, and nothing in the arguments can end the block that shows them', async () => {
    await start()
    test.engine.respond(callsTools(['notify', { text: 'a\u202eb\u200bc ``` d' }]), says('done'))
    const { done } = await open()
    const question = plain(test.bot.sent.at(-1)!.states[0])
    assert.match(question, /a\\u\{202e\}b\\u\{200b\}c ``` d/)
    assert.match(question, /有效，只有提问的人可以决定/)
    await test.client('alice').receive('取消')
    await done
  })

  it('is refused where the arguments are too long to be shown', async () => {
    await start()
    test.engine.respond(callsTools(['notify', { text: 'x'.repeat(3000) }]), says('done'))
    await begin()
    assert.deepEqual(ran, [])
    assert.match(resultsIn(test.engine.requests[1])[0], /too long to be shown/)
  })

  it('is refused where a message can be answered once only', async () => {
    await start({ platform: 'wechat-official', bot: RecordingBot })
    await begin()
    assert.deepEqual(ran, [])
    assert.match(resultsIn(test.engine.requests[1])[0], /cannot be asked for here/)
  })

  it('leaves the words to the conversation while nothing waits', async () => {
    await start()
    test.engine.respond(says('what?'))
    await test.client('alice').shouldReply('确认', 'what?')
  })
})

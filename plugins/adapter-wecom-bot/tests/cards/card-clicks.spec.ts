import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { h } from 'koishi'
import type { WecomClient } from 'testkit'
import { until } from 'common/testing'
import { systemClock as clock } from 'common/time'
import type WecomBot from '../../src'
import { cards } from '../support/cards'
import type { World } from '../support/world'
import { createWorld, withoutTimers } from '../support/world'

const DAY = 24 * 3600_000
const GROUP = { chatId: 'wrGROUP' }
const buttons = '部署？<button id="deploy:42">部署</button><button type="input" text="add 1 2">算一下</button>'

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

describe('template cards in a chat', () => {
  let world: World
  let bot: WecomBot
  let impatientBot: WecomBot
  /** Answers within the first frame. */
  let client: WecomClient
  /** Answers after the bubble has opened. */
  let impatient: WecomClient
  let answer: (session: Session) => unknown = () => undefined
  let pressed: Session[] = []
  let clicks: unknown[] = []
  const { now, monotonic } = clock
  const passTime = (ms: number) => {
    Object.assign(clock, { now: () => now() + ms, monotonic: () => monotonic() + ms })
  }

  before(async () => {
    world = await createWorld()
    const { app } = world
    app.middleware(session => answer(session) as never)
    app.command('add <a:number> <b:number>').action((_, a, b) => String(a + b))
    app.on('interaction/button', session => void pressed.push(session))
    app.on('wecom-bot/card-click', ({ click }) => void clicks.push(click))
    const style = { streamStyle: 'stream_with_template_card' } as const
    ;({ bot } = world.add({ ...style, firstReply: 4000 }))
    ;({ bot: impatientBot } = world.add({ ...style, botId: 'IMPATIENT', token: 'impatient', firstReply: 0 }))
    world.add({
      ...style, botId: 'STANDING', token: 'standing', firstReply: 4000, cardButtons: [{ text: '再来', input: 'again' }],
    })
    client = world.client()
    impatient = world.client({ botId: 'IMPATIENT', token: 'impatient' })
  })

  after(() => world.close())

  beforeEach(() => {
    [pressed, clicks] = [[], []]
    world.wecom.responses.splice(0)
    world.log.lines.splice(0)
  })

  afterEach(() => {
    Object.assign(clock, { now, monotonic })
    assert.deepEqual(world.log.warnings, [])
  })

  async function ask(by = client, options?: object) {
    const { reply } = await by.post(by.text('hi', options))
    return reply!
  }

  const press = (taskId: string, eventKey: string, options?: object, by = client) => {
    return by.post(by.cardClick({ taskId, eventKey }, options))
  }

  for (const [type, card] of Object.entries(cards)) {
    it(`sends a ${type} with a stream`, async () => {
      answer = () => [h.text('看这里'), h('wecom-bot:card', { content: card })]
      for (const options of [{}, GROUP]) {
        const { msgtype, stream, template_card: sent } = await ask(client, options)
        assert.deepEqual([msgtype, stream!.content, stream!.finish, sent], ['stream_with_template_card', '看这里', true, card])
      }
    })
  }

  it('accepts a card in markup', async () => {
    const json = h.escape(JSON.stringify(cards.news_notice), true)
    answer = () => `看这里<wecom-bot:card content="${json}"/>`
    assert.deepEqual((await ask()).template_card, cards.news_notice)
  })

  it('shows a placeholder in the bubble for a card without text', async () => {
    for (const said of [h('wecom-bot:card', { content: cards.news_notice }), h('button', { id: 'a' }, 'A')]) {
      answer = () => said
      const { msgtype, stream } = await ask()
      assert.deepEqual([msgtype, stream!.content, stream!.finish], ['stream_with_template_card', '🗂', true])
      const bubble = (await ask(impatient)).stream!
      const last = await until(async () => {
        const { stream } = (await impatient.poll(bubble.id)).reply!
        return stream!.finish && stream
      })
      assert.equal(last.content, '🗂')
    }
  })

  it('sends a card that is added later with a later frame, once', async () => {
    const gates: (() => void)[] = []
    const gate = () => new Promise<void>(resolve => gates.push(resolve))
    answer = async (session) => {
      await gate()
      await session.send(buttons)
      await gate()
    }
    const { msgtype, stream } = await ask(impatient)
    assert.equal(msgtype, 'stream')
    const poll = async () => (await impatient.poll(stream!.id)).reply!
    await until(() => gates.length === 1)
    gates[0]()
    await until(() => gates.length === 2)
    const with1 = await poll()
    assert.equal(with1.msgtype, 'stream_with_template_card')
    assert.deepEqual(with1.template_card.button_list.map(({ key }: { key: string }) => key), ['b:deploy:42', 'i:add 1 2'])
    assert.equal((await poll()).msgtype, 'stream')
    gates[1]()
    const last = await until(async () => {
      const reply = await poll()
      assert.equal(reply.msgtype, 'stream')
      return reply.stream!.finish && reply
    })
    assert.deepEqual([last.msgtype, last.stream!.finish], ['stream', true])
  })

  it('sends the card again if WeCom repeats the callback', async () => {
    answer = () => buttons
    const payload = client.text('hi')
    const first = (await client.post(payload)).reply!
    const again = (await client.post(payload)).reply!
    assert.equal(first.msgtype, 'stream_with_template_card')
    assert.deepEqual(again, first)
    assert.equal((await client.poll(first.stream!.id)).reply!.msgtype, 'stream')
  })

  it('sends the card again if the connection broke', async () => {
    let release: (() => void) | undefined
    answer = async () => {
      await new Promise<void>(resolve => release = resolve)
      return buttons
    }
    const payload = client.text('hi')
    await assert.rejects(client.post(payload, { timeout: 200 }))
    ;(await until(() => release))()
    await until(() => !bot.services.concurrency.size)
    const { msgtype, stream } = (await client.post(payload)).reply!
    assert.deepEqual([msgtype, stream!.finish], ['stream_with_template_card', true])
  })

  it('sends the card again with a repeated poll', async () => {
    let release: (() => void) | undefined
    answer = async () => {
      await new Promise<void>(resolve => release = resolve)
      return buttons
    }
    const { stream } = await ask(impatient)
    ;(await until(() => release))()
    await until(() => !impatientBot.services.concurrency.size)
    const poll = impatient.stream(stream!.id)
    const [first, again] = [(await impatient.post(poll)).reply!, (await impatient.post(poll)).reply!]
    assert.equal(first.msgtype, 'stream_with_template_card')
    assert.deepEqual(again, first)
    assert.equal((await impatient.poll(stream!.id)).reply!.msgtype, 'stream')
  })

  it('logs an invalid card and does not send it', async () => {
    answer = async (session) => {
      await session.send(h('wecom-bot:card', { content: { ...cards.button_interaction, button_list: [] } }))
      return 'text'
    }
    const { msgtype, stream } = await ask()
    assert.deepEqual([msgtype, stream!.content], ['stream', 'text'])
    assert.match(world.log.text, /"button_list" must be a list of 1 to 6/)
    world.log.lines.splice(0)
  })

  it('updates a clicked card at once, and dispatches the click', async () => {
    answer = () => buttons
    for (const [options, channelId] of [[{ userId: 'A' }, 'private:A'], [{ ...GROUP, userId: 'B' }, GROUP.chatId]] as const) {
      pressed = []
      const { task_id: taskId } = (await ask(client, options)).template_card
      const { reply } = await withoutTimers(() => press(taskId, 'b:deploy:42', options))
      assert.equal(reply!.response_type, 'update_template_card')
      assert.equal(reply!.userids, undefined)
      const { task_id: same, sub_title_text: said, button_list: left } = reply!.template_card
      assert.deepEqual([same, said], [taskId, '已选择：部署'])
      assert.deepEqual(left, [{ text: '部署', style: 1, key: 'b:deploy:42' }])
      const [{ userId, channelId: where, isDirect, event }, ...others] = pressed
      assert.deepEqual([userId, where, isDirect], [options.userId, channelId, !('chatId' in options)])
      assert.deepEqual([event.button, others], [{ id: 'deploy:42' }, []])
    }
  })

  it('sends the answer through the response_url of the click', async () => {
    answer = () => buttons
    const { task_id: taskId } = (await ask()).template_card
    await press(taskId, 'b:deploy:42')
    await pressed[0].send('部署开始')
    assert.deepEqual(world.wecom.responses.map(({ body, errcode }) => [body.markdown.content, errcode]), [['部署开始', 0]])
  })

  it('dispatches the text of an input button as a message', async () => {
    answer = () => buttons
    for (const options of [{}, GROUP]) {
      world.wecom.responses.splice(0)
      const { task_id: taskId } = (await ask(client, options)).template_card
      const { reply } = await press(taskId, 'i:add 1 2', options)
      assert.equal(reply!.template_card.sub_title_text, '已选择：算一下')
      await until(() => world.wecom.responses.length)
      assert.deepEqual(world.wecom.responses.map(({ body }) => body.markdown.content), ['3'])
    }
    assert.deepEqual(pressed.map(({ event }) => event.button!.id), ['add 1 2', 'add 1 2'])
  })

  it('dispatches two clicks of one person once', async () => {
    answer = () => buttons
    const { task_id: taskId } = (await ask(client, GROUP)).template_card
    const replies = await Promise.all([
      press(taskId, 'i:add 1 2', GROUP),
      press(taskId, 'i:add 1 2', GROUP),
      press(taskId, 'b:deploy:42', { ...GROUP, userId: 'OTHER' }),
    ])
    assert.deepEqual(replies.map(({ reply }) => reply!.template_card.sub_title_text), Array(3).fill('已选择：算一下'))
    await until(() => world.wecom.responses.length)
    await pause(30)
    assert.deepEqual(world.wecom.responses.map(({ body }) => body.markdown.content), ['3'])
    assert.equal(pressed.length, 1)
    assert.equal(clicks.length, 3)
  })

  it('dispatches a repeated click callback once', async () => {
    answer = () => buttons
    const { task_id: taskId } = (await ask()).template_card
    const payload = client.cardClick({ taskId, eventKey: 'b:deploy:42' })
    const [timestamp, nonce, body] = [Math.floor(Date.now() / 1000), '1', client.encrypt(JSON.stringify(payload))]
    const options = { timestamp, nonce, body: JSON.stringify({ encrypt: body }) }
    const { url } = client.sign(body, options)
    const once = { ...options, signature: url.searchParams.get('msg_signature')! }
    await client.post(payload, once)
    const { status } = await client.post(payload, once)
    assert.equal(status, 200)
    assert.equal(pressed.length, 1)
  })

  it('counts one vote per person, and shows each person their own', async () => {
    answer = () => [h.text('?'), h('wecom-bot:card', { content: cards.vote_interaction })]
    await ask(client, GROUP)
    const vote = async (userId: string, ...options: string[]) => {
      const click = { cardType: 'vote_interaction', taskId: 'lunch@1', eventKey: 'vote', selected: { lunch: options } }
      const { reply } = await client.post(client.cardClick(click, { ...GROUP, userId }))
      const { userids, template_card: { main_title: title, checkbox } } = reply!
      return [userids, title.desc, checkbox.disable]
    }
    assert.deepEqual(await vote('A', 'a', 'c'), [['A'], '已选择：面、粥', true])
    assert.deepEqual(await vote('B', 'b'), [['B'], '已选择：饭', true])
    assert.deepEqual(await vote('A', 'b'), [['A'], '已选择：面、粥', true])
    assert.deepEqual(pressed.map(({ userId, event }) => [userId, event.button!.id]), [['A', 'vote'], ['B', 'vote']])
    assert.deepEqual((clicks[0] as { selected: object }).selected, { lunch: ['a', 'c'] })
  })

  it('dispatches a click on an unknown card without updating it', async () => {
    const { status, raw } = await press('NONE', 'b:deploy:42')
    assert.deepEqual([status, raw], [200, ''])
    assert.deepEqual(pressed.map(({ event }) => event.button!.id), ['deploy:42'])
    await press('NONE', 'i:add 3 4')
    await until(() => world.wecom.responses.length)
    assert.deepEqual(world.wecom.responses.map(({ body }) => body.markdown.content), ['7'])
  })

  it('remembers a card for a day', async () => {
    answer = () => buttons
    const { task_id: taskId } = (await ask()).template_card
    passTime(DAY - 60_000)
    const late = world.client({ now: () => clock.now() })
    assert.equal((await press(taskId, 'b:deploy:42', {}, late)).reply!.template_card.task_id, taskId)
    passTime(DAY)
    assert.equal((await press(taskId, 'b:deploy:42', {}, late)).raw, '')
  })

  it('keeps configured buttons working, and shows the last click', async () => {
    const standing = world.client({ botId: 'STANDING', token: 'standing' })
    answer = ({ content }) => content === 'again' ? '又来了' : 'hi'
    const { template_card: card } = await ask(standing)
    assert.deepEqual(card.button_list, [{ text: '再来', style: 1, key: 'i:again' }])
    for (let times = 1; times <= 2; times++) {
      const { reply } = await press(card.task_id, 'i:again', {}, standing)
      assert.deepEqual(reply!.template_card.button_list, card.button_list)
      await until(() => world.wecom.responses.length === times)
    }
    assert.deepEqual(world.wecom.responses.map(({ body }) => body.markdown.content), ['又来了', '又来了'])
  })
})

import assert from 'node:assert/strict'
import type { SocketBot, SocketBotOptions } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE, SECOND } from '../support/turns'

const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(64)]).toString('base64')

describe('an answer over the long connection', () => {
  let bot: SocketBot

  async function start(options?: SocketBotOptions) {
    bot = await createSocketBot(options)
  }

  afterEach(async () => {
    await bot.close()
    assert.deepEqual(bot.gateway.violations, [])
  })

  const frames = () => bot.gateway.sent('aibot_respond_msg').map(({ body }) => body)

  it('grows in one bubble, and ends with its last frame', async () => {
    await start()
    const turn = await bot.ask()
    const id = await turn.say({ text: 'one' })
    await bot.until(() => bot.gateway.texts().length === 1)
    assert.deepEqual(bot.gateway.texts(), ['one…'])
    turn.edit(id!, { text: 'one two' })
    await bot.until(() => bot.gateway.texts()[0] === 'one two…')
    turn.edit(id!, { text: 'one two three' })
    turn.endChain()
    await bot.until(() => bot.gateway.messages()[0].isFinished)
    assert.deepEqual(bot.gateway.texts(), ['one two three'])
    assert.equal(frames()[0].stream.feedback.id, turn.id)
    assert.equal(frames()[1].stream.feedback, undefined)
  })

  it('shows a placeholder first, and the first text at once after it', async () => {
    await start()
    const turn = await bot.ask()
    await bot.until(() => bot.gateway.texts().length === 1)
    assert.deepEqual(bot.gateway.texts(), ['<think></think>…'])
    const before = bot.clock.monotonic()
    await turn.say({ text: 'one' })
    await bot.until(() => bot.gateway.texts()[0] === 'one…')
    assert.ok(bot.clock.monotonic() - before <= 30, `${bot.clock.monotonic() - before} ms`)
  })

  it('needs one frame if it is complete at once', async () => {
    await start()
    const turn = await bot.ask()
    await turn.say({ text: 'pong' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts().length === 1)
    assert.deepEqual(bot.gateway.texts(), ['pong'])
    assert.equal(frames().length, 1)
  })

  it('shows nothing if there is no answer', async () => {
    await start()
    const turn = await bot.ask()
    turn.endChain()
    await bot.pass(SECOND)
    assert.deepEqual(bot.gateway.texts(), [])
  })

  it('leaves out frames where WeCom is slow, and never sends two at once', async () => {
    await start()
    bot.gateway.treat = frame => frame.cmd === 'aibot_respond_msg' ? { delayMs: 900 } : undefined
    const turn = await bot.ask()
    const id = await turn.say({ text: '0' })
    for (let count = 1; count <= 100; count++) {
      turn.edit(id!, { text: `${count}` })
      await bot.pass(50)
    }
    turn.endChain()
    await bot.until(() => bot.gateway.messages()[0].isFinished)
    assert.deepEqual(bot.gateway.texts(), ['100'])
    assert.ok(frames().length < 10)
  })

  it('sends images and a card as messages of their own, after the text', async () => {
    await start({ turn: { cards: true } })
    const turn = await bot.ask()
    await turn.say({ text: 'Deploy?', images: [{ base64: png, md5: '' }], buttons: [{ id: 'yes', text: 'Yes' }] })
    turn.endChain()
    await bot.until(() => bot.gateway.messages().length === 3)
    assert.deepEqual(bot.gateway.messages().map(({ type }) => type), ['stream', 'image', 'template_card'])
    assert.equal(bot.gateway.uploads()[0].bytes.toString('base64'), png)
    const card = bot.gateway.messages()[2].card
    assert.equal(card.button_list[0].text, 'Yes')
    bot.gateway.deliver(bot.gateway.payloads.cardClick({ eventKey: card.button_list[0].key, taskId: card.task_id }))
    await bot.until(() => bot.clicks.length === 1 && bot.gateway.messages()[2].card.sub_title_text === '(clicked Yes)')
    assert.equal(bot.clicks[0].result.id, 'yes')
  })

  it('continues in further messages if it is longer than a bubble', async () => {
    await start()
    const turn = await bot.ask()
    const text = Array.from({ length: 3000 }, (_, line) => `line ${line} of a long answer\n\n`).join('')
    await turn.say({ text })
    turn.endChain()
    await bot.until(() => bot.gateway.messages().some(({ type, isFinished }) => type === 'stream' && isFinished))
    const lines = bot.gateway.texts().join('\n').match(/line \d+/g)!.map(line => Number(line.slice(5)))
    assert.deepEqual([...new Set(lines)].sort((one, other) => one - other), [...Array(3000).keys()])
    assert.equal(lines.length, 3000, 'no line is sent twice')
    assert.match(bot.gateway.messages().find(({ type }) => type === 'stream')!.content, /\(continued\)$/)
  })

  it('closes the bubble of an answer of eleven minutes in time, and sends the rest when it is complete', async () => {
    await start()
    const turn = await bot.ask()
    const id = await turn.say({ text: 'part 1' })
    await bot.pass(5 * MINUTE, SECOND)
    turn.edit(id!, { text: 'part 1\n\npart 2' })
    await bot.pass(MINUTE, SECOND)
    assert.deepEqual(bot.gateway.texts(), ['part 1\n\npart 2\n\n(later)'])
    await bot.pass(5 * MINUTE, SECOND)
    turn.edit(id!, { text: 'part 1\n\npart 2\n\npart 3' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts().length === 2)
    assert.deepEqual(bot.gateway.texts(), ['part 1\n\npart 2\n\n(later)', 'part 3'])
  })

  it('sends what is said after the end as a message', async () => {
    await start()
    const turn = await bot.ask()
    await turn.say({ text: 'one' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts()[0] === 'one')
    await bot.pass(SECOND)
    await turn.say({ text: 'two' })
    assert.deepEqual(bot.gateway.texts(), ['one', 'two'])
  })

  it('turns people away with one frame', async () => {
    await start()
    bot.admission.close()
    bot.gateway.say('hello')
    await bot.until(() => bot.gateway.texts().length === 1)
    assert.deepEqual(bot.gateway.texts(), ['(leaving)'])
  })

  it('is in a group for everyone', async () => {
    await start()
    const turn = await bot.ask('@bot hello', 'GROUP')
    await turn.say({ text: 'hi' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts('GROUP')[0] === 'hi')
    assert.deepEqual(bot.gateway.texts(), [])
  })

  it('is asked for once, however often its message arrives', async () => {
    await start()
    const payload = bot.gateway.payloads.text('hello', { msgId: 'M' })
    for (let count = 0; count < 3; count++) bot.gateway.deliver(payload)
    await bot.until(() => bot.asked.length > 0)
    await bot.asked[0].say({ text: 'hi' })
    bot.asked[0].endChain()
    await bot.pass(SECOND)
    assert.equal(bot.asked.length, 1)
    assert.deepEqual(bot.gateway.texts(), ['hi'])
  })

  it('welcomes people, updates cards and hands events to plugins', async () => {
    await start({ welcome: 'Welcome!' })
    bot.gateway.deliver(bot.gateway.payloads.enterChat())
    bot.gateway.deliver(bot.gateway.payloads.feedback({ id: 'F', type: 2, content: 'wrong' }))
    await bot.until(() => bot.events.length === 2 && bot.gateway.texts().length === 1)
    assert.deepEqual(bot.gateway.texts(), ['Welcome!'])
    assert.deepEqual(bot.events.map(({ type }) => type), ['enter-chat', 'feedback'])
  })

  it('sends what is said on a click as a message: events cannot be answered with one', async () => {
    await start()
    bot.gateway.say('hello')
    await bot.until(() => bot.asked.length === 1)
    bot.gateway.deliver(bot.gateway.payloads.cardClick({ eventKey: 'yes', taskId: 'T' }))
    await bot.until(() => bot.clicks.length === 1)
    const { turn } = bot.clicks[0]
    await turn.say({ text: 'clicked' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts().includes('clicked'))
    assert.equal(bot.gateway.sent('aibot_send_msg').length, 1)
  })
})

import assert from 'node:assert/strict'
import type { Frame, Treatment } from 'testkit'
import type { DeliveryError } from '../../src/api/delivery-error'
import type { SocketBot, SocketBotOptions } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE, SECOND } from '../support/turns'

describe('an answer over a connection that breaks', () => {
  let bot: SocketBot

  async function start(options?: SocketBotOptions) {
    bot = await createSocketBot(options)
  }

  afterEach(async () => {
    await bot.close()
    assert.deepEqual(bot.gateway.violations, [])
  })

  const isLast = ({ body }: Frame) => !!body?.stream?.finish
  const isStream = ({ body }: Frame) => !!body?.stream

  /** Treats the next frame that matches. */
  function treatOnce(matches: (frame: Frame) => boolean, treatment: Treatment) {
    let isUsed = false
    bot.gateway.treat = (frame) => {
      if (isUsed || !matches(frame)) return
      isUsed = true
      return treatment
    }
  }

  async function answer(...texts: string[]) {
    const turn = await bot.ask()
    let id: string | undefined
    for (const text of texts) {
      if (id) turn.edit(id, { text })
      else id = await turn.say({ text })
      await bot.until(() => bot.gateway.texts().some(shown => shown.includes(text)))
    }
    return { turn, edit: (text: string) => turn.edit(id!, { text }) }
  }

  it('goes on in the same bubble after a reconnect', async () => {
    await start()
    const { turn, edit } = await answer('one')
    bot.gateway.disconnect()
    edit('one two')
    await bot.until(() => bot.gateway.texts()[0] === 'one two…')
    assert.equal(bot.gateway.connectionCount, 2)
    bot.gateway.disconnect()
    edit('one two three')
    turn.endChain()
    await bot.until(() => bot.gateway.messages()[0].isFinished)
    assert.deepEqual(bot.gateway.texts(), ['one two three'])
  })

  const treatments: [string, Treatment][] = [
    ['lost with the connection', 'lose'],
    ['processed before the connection breaks', 'break'],
    ['processed, but not acknowledged', 'no-ack'],
    ['acknowledged seven seconds late', { delayMs: 7000 }],
    ['acknowledged twelve seconds late', { delayMs: 12_000 }],
    ['refused as a conflict', { errcode: 6000 }],
    ['refused because WeCom is busy', { errcode: -1 }],
    ['refused as one too many', { errcode: 45009 }],
    ['refused by a connection that is not subscribed', { errcode: 846609 }],
    ['refused because its stream has expired', { errcode: 846608 }],
    ['refused because its message cannot be answered', { errcode: 846605 }],
  ]

  for (const [what, treatment] of treatments) {
    it(`is complete, once, if its last frame is ${what}`, async () => {
      await start()
      const { turn, edit } = await answer('one')
      treatOnce(isLast, treatment)
      edit('one two three')
      turn.endChain()
      await bot.pass(3 * MINUTE, 500)
      const complete = bot.gateway.texts().filter(text => text === 'one two three')
      assert.deepEqual(complete, ['one two three'])
      const rest = bot.gateway.texts().filter(text => text !== 'one two three')
      assert.ok(rest.every(text => text === 'one…'), 'a bubble that cannot be changed keeps its text')
    })

    it(`is complete, once, if a frame in between is ${what}`, async () => {
      await start()
      const { turn, edit } = await answer('one')
      treatOnce(isStream, treatment)
      edit('one two')
      await bot.pass(30 * SECOND, 500)
      edit('one two three')
      turn.endChain()
      await bot.pass(3 * MINUTE, 500)
      assert.equal(bot.gateway.texts().filter(text => text === 'one two three').length, 1)
      assert.equal(bot.gateway.texts().filter(text => !text.endsWith('…')).length, 1)
    })
  }

  it('is a new message, once, where old messages cannot be answered over a new connection', async () => {
    await start({ keepsRequestIds: false })
    const { turn, edit } = await answer('one')
    bot.gateway.disconnect()
    edit('one two three')
    turn.endChain()
    await bot.pass(MINUTE, 500)
    assert.deepEqual(bot.gateway.texts(), ['one…', 'one two three'])
    assert.equal(bot.gateway.sent('aibot_send_msg').length, 1)
  })

  it('is not sent again where it is shown already, and only its end is unknown', async () => {
    await start({ keepsRequestIds: false })
    const { turn } = await answer('one two three')
    treatOnce(isLast, 'break')
    turn.endChain()
    await bot.pass(MINUTE, 500)
    assert.deepEqual(bot.gateway.texts(), ['one two three'])
  })

  it('does not believe a late acknowledgement: the last frame that was refused meanwhile is shown', async () => {
    await start()
    const { turn, edit } = await answer('one')
    let frames = 0
    bot.gateway.treat = (frame) => {
      if (!isStream(frame)) return
      frames++
      if (frames === 1) return { delayMs: 11_000 }
      if (frames === 2) return { errcode: 846608 }
    }
    edit('one two')
    await bot.pass(4 * SECOND)
    edit('one two three')
    turn.endChain()
    await bot.pass(2 * MINUTE, 500)
    assert.deepEqual(bot.gateway.texts().filter(text => text === 'one two three'), ['one two three'])
  })

  it('opens a new bubble instead of continuing one that has expired during a long break', async () => {
    await start({ turn: { window: 330 * SECOND } })
    const { turn, edit } = await answer('one')
    bot.gateway.treat = () => 'lose'
    bot.gateway.disconnect()
    edit('one two three')
    await bot.pass(10 * MINUTE, 5000)
    bot.gateway.treat = undefined
    await bot.pass(2 * MINUTE, 1000)
    turn.endChain()
    await bot.pass(MINUTE, 500)
    assert.deepEqual(bot.gateway.texts(), ['one…', 'one two three\n\n(later)', '(complete)'])
  })

  it('is delivered after the bot was kicked and has come back', async () => {
    await start()
    const { turn, edit } = await answer('one')
    bot.gateway.kick()
    edit('one two three')
    turn.endChain()
    await bot.pass(3 * MINUTE, 1000)
    assert.deepEqual(bot.gateway.texts(), ['one two three'])
    assert.match(bot.lines.join('\n'), /another process has subscribed/)
  })

  it('is lost, and says so, where the bot is gone for good', async () => {
    await start()
    const { turn, edit } = await answer('one')
    bot.longConnection.stop()
    edit('one two three')
    turn.endChain()
    await bot.pass(SECOND)
    const [error] = bot.lost as DeliveryError[]
    assert.equal(error.code, 'wecom-bot/delivery-unsent')
    assert.equal(error.lost, 'one two three'.length)
  })

  it('keeps to the limit where every frame counts', async () => {
    await start()
    const turns = []
    for (let count = 0; count < 12; count++) turns.push(await bot.ask(`question ${count}`, 'GROUP'))
    const ids = await Promise.all(turns.map(turn => turn.say({ text: 'start' })))
    for (let second = 0; second < 60; second++) {
      turns.forEach((turn, index) => turn.edit(ids[index]!, { text: `answer ${index} after ${second} s` }))
      await bot.pass(SECOND, 250)
    }
    for (const turn of turns) turn.endChain()
    await bot.pass(2 * MINUTE, 250)
    assert.deepEqual(
      bot.gateway.texts('GROUP').sort(),
      turns.map((_, index) => `answer ${index} after 59 s`).sort(),
    )
  })

  it('keeps other conversations from waiting', async () => {
    await start()
    const push = bot.longConnection.pushTo('GROUP')
    bot.gateway.say('hello', { chatId: 'GROUP' })
    const sending = Array.from({ length: 40 }, (_, index) => push.send([{ type: 'markdown', content: `message ${index}` }]))
    await bot.pass(SECOND)
    assert.equal(bot.gateway.texts('GROUP').filter(text => text.startsWith('message')).length < 31, true)
    const { turn } = await answer('one')
    turn.endChain()
    await bot.until(() => bot.gateway.texts()[0] === 'one', 2 * SECOND)
    await bot.pass(2 * MINUTE, 500)
    await Promise.all(sending)
    const messages = bot.gateway.texts('GROUP').filter(text => text.startsWith('message'))
    assert.deepEqual(messages, Array.from({ length: 40 }, (_, index) => `message ${index}`), 'in order')
  })
})

import assert from 'node:assert/strict'
import type { DeliveryError } from '../../src/api/delivery-error'
import type { SocketBot, SocketBotOptions } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE } from '../support/turns'

const URL = 'https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=CODE'

describe('an answer to a message over the long connection that brings a response_url', () => {
  let bot: SocketBot
  let posts: { url: string, content: string }[]

  async function start(options?: SocketBotOptions) {
    posts = []
    bot = await createSocketBot({
      post: async (url, body) => {
        posts.push({ url, content: (body as { markdown: { content: string } }).markdown.content })
        return { errcode: 0 }
      },
      ...options,
    })
  }

  afterEach(async () => {
    await bot.close()
    assert.deepEqual(bot.gateway.violations, [])
  })

  async function ask(responseUrl: string | false = URL) {
    bot.gateway.say('hello', { responseUrl })
    await bot.until(() => bot.asked.length > 0)
    return bot.asked.at(-1)!
  }

  it('does not use it while the connection takes the answer', async () => {
    await start()
    const turn = await ask()
    await turn.say({ text: 'one' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts()[0] === 'one')
    await turn.say({ text: 'two' })
    assert.deepEqual(bot.gateway.texts(), ['one', 'two'])
    assert.deepEqual(posts, [])
  })

  it('uses it, once, where the bot has been taken for good', async () => {
    await start()
    const turn = await ask()
    bot.longConnection.stop()
    await turn.say({ text: 'one two three' })
    turn.endChain()
    await bot.until(() => posts.length > 0)
    assert.deepEqual(posts, [{ url: URL, content: 'one two three' }])
    assert.deepEqual(bot.lost, [])
    await assert.rejects(turn.say({ text: 'more' }), { code: 'wecom-bot/delivery-unsent' })
    assert.equal(posts.length, 1)
  })

  it('uses it for a later message where WeCom refuses that over the connection', async () => {
    await start()
    const turn = await ask()
    await turn.say({ text: 'one' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts()[0] === 'one')
    bot.gateway.treat = ({ body }) => body?.msgtype === 'markdown' ? { errcode: 40201 } : undefined
    await turn.say({ text: 'two', images: [{ base64: '', md5: '' }] })
    assert.deepEqual(posts.map(({ content }) => content), ['two\n\n[图片]\n\n(no pictures)'])
  })

  it('does not use it where the message may have arrived', async () => {
    await start()
    const turn = await ask()
    await turn.say({ text: 'one' })
    turn.endChain()
    await bot.until(() => bot.gateway.texts()[0] === 'one')
    bot.gateway.treat = ({ body }) => body?.msgtype === 'markdown' ? 'no-ack' : undefined
    let outcome: DeliveryError | undefined
    turn.say({ text: 'two' }).catch(error => outcome = error as DeliveryError)
    await bot.until(() => !!outcome)
    assert.equal(outcome!.code, 'wecom-bot/delivery-unconfirmed')
    assert.deepEqual(posts, [])
  })

  it('does not use one that has expired, or is not there', async () => {
    for (const [responseUrl, ageMs] of [[URL, 60 * MINUTE], [false, 0]] as const) {
      await start({ turn: { lifetime: 120 * MINUTE } })
      const turn = await ask(responseUrl)
      bot.longConnection.stop()
      await bot.clock.advance(ageMs)
      await turn.say({ text: 'late' })
      turn.endChain()
      await bot.until(() => bot.lost.length > 0)
      assert.equal((bot.lost[0] as DeliveryError).code, 'wecom-bot/delivery-unsent')
      assert.deepEqual(posts, [])
      await bot.close()
    }
    await start()
  })
})

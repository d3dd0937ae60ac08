import assert from 'node:assert/strict'
import type { SocketBot, SocketBotOptions } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE, SECOND } from '../support/turns'

describe('a turn over the long connection that does not end in its time', () => {
  let bot: SocketBot

  async function start(options?: SocketBotOptions) {
    bot = await createSocketBot(options)
  }

  afterEach(async () => {
    await bot.close()
    assert.deepEqual(bot.gateway.violations, [])
  })

  it('says so, also where there is a connection only afterwards', async () => {
    await start({ turn: { lifetime: 20 * MINUTE } })
    bot.gateway.treat = () => 'lose'
    const turn = await bot.ask()
    bot.gateway.disconnect()
    await bot.pass(20 * MINUTE + SECOND, 5000)
    bot.gateway.treat = undefined
    await bot.pass(2 * MINUTE, 1000)
    assert.deepEqual(bot.gateway.texts(), ['(silent)'])
    assert.deepEqual(bot.lost, ['timed out'])
    turn.endChain()
  })

  it('closes its bubble with a word, and says that there is no answer', async () => {
    await start({ turn: { lifetime: 20 * MINUTE } })
    const turn = await bot.ask()
    await bot.until(() => bot.gateway.texts().length === 1)
    await bot.pass(6 * MINUTE, 1000)
    assert.deepEqual(bot.gateway.texts(), ['(later)'], 'the bubble does not stay open')
    await bot.pass(15 * MINUTE, 5000)
    assert.deepEqual(bot.gateway.texts(), ['(later)', '(silent)'])
    assert.deepEqual(bot.lost, ['timed out'])
    turn.endChain()
  })
})

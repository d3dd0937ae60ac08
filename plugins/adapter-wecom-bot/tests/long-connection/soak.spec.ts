import assert from 'node:assert/strict'
import type { Frame, ShownMessage, Treatment } from 'testkit'
import { SOCKET_STREAM_LIFETIME_MS } from '../../src/protocol/limits'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE, SECOND } from '../support/turns'

/** `SOAK=10000` for the full length. */
const ANSWERS = Number(process.env.SOAK ?? 300)
const CHATS = 20

/** A stream is given up shortly before it expires. */
const EXPIRED_MS = SOCKET_STREAM_LIFETIME_MS - 10 * SECOND

/** Random numbers that are the same in every run. */
function createRandom(seed: number) {
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
}

describe('the long connection in a bad network', () => {
  it(`delivers ${ANSWERS} answers once each, and breaks no rule`, async () => {
    const random = createRandom(7)
    const bot = await createSocketBot({ turn: { retention: MINUTE } })
    const { gateway } = bot
    const treat = ({ cmd }: Frame): Treatment | undefined => {
      const dice = random()
      if (cmd === 'aibot_subscribe') return dice < 0.1 ? 'lose' : undefined
      if (cmd !== 'aibot_respond_msg') return
      if (dice < 0.01) return 'lose'
      if (dice < 0.02) return 'break'
      if (dice < 0.05) return { delayMs: 100 + 3000 * random() }
      if (dice < 0.055) return { delayMs: 6000 }
      if (dice < 0.06) return 'no-ack'
      if (dice < 0.08) return { errcode: 6000 }
      if (dice < 0.085) return { errcode: 846609 }
    }
    /** Last frames that arrived although their acknowledgement may not: the connection can break before it. */
    const doubtful = new Set<string>()
    gateway.treat = (frame) => {
      const treatment = treat(frame)
      const isArriving = treatment && treatment !== 'lose' && !(typeof treatment === 'object' && 'errcode' in treatment)
      if (isArriving && frame.body.stream?.finish) doubtful.add(frame.body.stream.content)
      return treatment
    }
    let kickedAt = bot.clock.monotonic()
    const expected: [chatId: string, text: string][] = []
    for (let round = 0; expected.length < ANSWERS; round++) {
      const chats = Array.from({ length: CHATS }, (_, index) => `CHAT-${index}`)
      const turns = []
      for (const chatId of chats) {
        const count = bot.asked.length
        gateway.say(`question ${round}`, { chatId })
        // A message that comes while the connection breaks is lost: WeCom does not repeat it.
        await bot.pass(20, 10)
        const turn = bot.asked.slice(count).find(({ owner }) => owner.chatId === chatId)
        if (turn) turns.push({ chatId, turn })
      }
      const growing = await Promise.all(turns.map(async ({ chatId, turn }) => {
        const text = `answer ${round} for ${chatId}`
        return { chatId, turn, text, id: await turn.say({ text: 'answer' }) }
      }))
      for (let step = 0; step < 3; step++) {
        await bot.pass(SECOND, 500)
        for (const { turn, id } of growing) turn.edit(id!, { text: `answer ${round}, part ${step}` })
      }
      for (const { chatId, turn, id, text } of growing) {
        turn.edit(id!, { text })
        turn.endChain()
        expected.push([chatId, text])
      }
      // The connection stands for a tenth of the time. Kicks in a row would be a fight, which the bot gives up.
      if (bot.clock.monotonic() - kickedAt > 120 * MINUTE) {
        gateway.kick()
        kickedAt = bot.clock.monotonic()
      }
      if (random() < 0.2) gateway.disconnect()
      await bot.pass(10 * SECOND, 1000)
      await bot.until(() => gateway.isSubscribed(), 60 * MINUTE, 1000)
    }
    gateway.treat = undefined
    await bot.pass(5 * MINUTE, 1000)
    const wrong = expected.flatMap(([chatId, text]) => {
      const isIt = (message: ShownMessage) => message.isFinished && message.content === text
      const [first, ...others] = gateway.messages(chatId).filter(isIt)
      if (!first) return `${text} is missing`
      // If the stream has expired by the time there is a connection again, it says nothing about its last frame.
      const areAllowed = doubtful.has(text) && others.every(({ shownAt }) => shownAt - first.shownAt > EXPIRED_MS)
      return others.length && !areAllowed ? `${text} came ${others.length + 1} times` : []
    })
    assert.deepEqual(wrong, [])
    assert.deepEqual(gateway.violations, [])
    assert.deepEqual(bot.lost, [])
    await bot.close()
  }).timeout(Number(process.env.SOAK ? 3_600_000 : 120_000))
})

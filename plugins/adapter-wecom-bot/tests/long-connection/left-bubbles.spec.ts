import assert from 'node:assert/strict'
import type { Frame } from 'testkit'
import { WecomGateway } from 'testkit'
import { MAX_SAVE_DELAY_MS } from '../../src/storage/streams'
import type { SocketBot } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import type { Post } from '../../src/api/client'
import { describeDatabaseStores } from '../support/stores'
import { MINUTE, SECOND, notices } from '../support/turns'

describeDatabaseStores('bubbles of a process that was killed, with streams', (world) => {
  let gateway: WecomGateway
  let bot: SocketBot

  /** What was posted to `response_url`. */
  let posted: string[]

  async function start(stores = world().stores) {
    const post: Post = async (_, body) => {
      posted.push((body as { markdown: { content: string } }).markdown.content)
      return { errcode: 0 }
    }
    bot = await createSocketBot({ clock: world().clock, gateway, stores, post })
  }

  beforeEach(async () => {
    posted = []
    gateway = await WecomGateway.create({ clock: world().clock })
    await start()
  })

  afterEach(async () => {
    await bot.close()
    assert.deepEqual(gateway.violations, [])
  })

  /** Ends the process at once, and starts the next one. */
  async function restart(afterMs = SECOND) {
    await bot.pass(2 * MAX_SAVE_DELAY_MS)
    await restartAtOnce(afterMs)
  }

  /** Nothing is written any more. */
  async function restartAtOnce(afterMs = SECOND) {
    bot.longConnection.dispose()
    bot.turns.dispose()
    await world().clock.advance(afterMs)
    const stores = world().another()
    await start(stores)
    await bot.longConnection.closeLeftBubbles()
    await bot.pass(SECOND)
    await stores.dispose()
  }

  const isLast = ({ body }: Frame) => !!body?.stream?.finish
  const lastFrames = () => gateway.sent('aibot_respond_msg').filter(isLast).length

  it('are closed with what they showed, and a notice', async () => {
    const turn = await bot.ask()
    await turn.say({ text: 'half' })
    await bot.until(() => gateway.texts()[0] === 'half…')
    await restart()
    assert.deepEqual(gateway.texts(), [`half\n\n${notices.interrupted}`])
    assert.equal(gateway.messages()[0].isFinished, true)
  })

  it('are closed once, however often the process starts', async () => {
    await (await bot.ask()).say({ text: 'half' })
    await restart()
    const closed = lastFrames()
    await restart()
    assert.equal(lastFrames(), closed)
  })

  it('are opened with a notice if nothing was shown', async () => {
    gateway.treat = ({ cmd }) => cmd === 'aibot_respond_msg' ? 'lose' : undefined
    await bot.ask()
    await bot.until(() => gateway.connectionCount > 1)
    gateway.treat = undefined
    await restart()
    assert.deepEqual(gateway.texts(), [notices.interrupted])
  })

  it('get the whole answer whose last frame was lost', async () => {
    const turn = await bot.ask()
    gateway.treat = frame => isLast(frame) ? 'lose' : undefined
    await turn.say({ text: 'whole' })
    turn.endChain()
    await bot.until(() => gateway.connectionCount > 1)
    gateway.treat = undefined
    await restart()
    assert.deepEqual(gateway.texts(), ['whole'])
  })

  it('are left alone where this process has closed them while the database was away', async () => {
    const { streams } = world().stores
    const turn = await bot.ask()
    const id = await turn.say({ text: 'half' })
    await bot.until(() => gateway.texts()[0] === 'half…')
    await bot.pass(2 * MAX_SAVE_DELAY_MS)
    streams.save = () => {}
    await turn.edit(id!, { text: 'half and half' })
    turn.endChain()
    await bot.until(() => gateway.messages()[0].isFinished)
    // The turn is forgotten, and the row is not too old.
    bot.turns.dispose()
    await bot.longConnection.closeLeftBubbles()
    await bot.pass(SECOND)
    assert.deepEqual(gateway.texts(), ['half and half'])
    assert.equal(lastFrames(), 1)
  })

  it('get the same last frame again where it arrived just before the kill', async () => {
    const { streams } = world().stores
    const id = await (await bot.ask()).say({ text: 'half' })
    await bot.until(() => gateway.texts()[0] === 'half…')
    await bot.pass(2 * MAX_SAVE_DELAY_MS)
    gateway.treat = (frame) => {
      // Nothing is stored from here on.
      if (isLast(frame)) streams.save = () => {}
      return undefined
    }
    bot.asked[0].edit(id!, { text: 'whole' })
    bot.asked[0].endChain()
    await bot.until(() => gateway.messages()[0].isFinished)
    const stored = await world().another().streams.find(bot.asked[0].id)
    assert.deepEqual([stored?.content, stored?.finished], ['whole', true])
    await restartAtOnce()
    assert.deepEqual(gateway.texts(), ['whole'])
    assert.equal(lastFrames(), 2)
  })

  it('do not keep the last frame back where the database does not answer', async () => {
    const turn = await bot.ask()
    await turn.say({ text: 'whole' })
    const { database } = world().app
    database.upsert = () => new Promise(() => {})
    turn.endChain()
    await bot.until(() => gateway.messages()[0]?.isFinished, 2 * MAX_SAVE_DELAY_MS)
    assert.deepEqual(gateway.texts(), ['whole'])
  })

  it('are left alone once WeCom has the last frame', async () => {
    const turn = await bot.ask()
    await turn.say({ text: 'whole' })
    turn.endChain()
    await bot.until(() => gateway.messages()[0]?.isFinished)
    await restart()
    assert.deepEqual(gateway.texts(), ['whole'])
    assert.equal(lastFrames(), 1)
  })

  it('get the notice as a message where they have expired', async () => {
    await (await bot.ask()).say({ text: 'half' })
    await bot.until(() => gateway.texts()[0] === 'half…')
    await restart(7 * MINUTE)
    assert.deepEqual(gateway.texts(), ['half…', notices.interrupted])
    gateway.violations.length = 0
  })

  for (const waitMs of [SECOND, 6 * SECOND]) {
    it(`say that the answer was sent elsewhere if it was, ${waitMs / SECOND} s after its end`, async () => {
      gateway.say('hello', { responseUrl: 'https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=CODE' })
      await bot.until(() => bot.asked.length > 0)
      const turn = bot.asked[0]
      await turn.say({ text: 'half' })
      await bot.until(() => gateway.texts()[0] === 'half…')
      gateway.kick()
      await bot.until(() => bot.longConnection.connection.state.name === 'waiting')
      await turn.say({ text: 'whole' })
      turn.endChain()
      await bot.pass(waitMs)
      // As in a shutdown.
      bot.admission.close()
      let isDrained = false
      void bot.turns.drain(5 * SECOND).then(() => isDrained = true)
      await bot.until(() => isDrained)
      assert.deepEqual(posted, ['half\n\nwhole'])
      await restart()
      assert.deepEqual(gateway.texts(), [notices.elsewhere])
      assert.equal(posted.length, 1)
    })
  }

  it('are left alone after a quarter of an hour', async () => {
    await (await bot.ask()).say({ text: 'half' })
    await bot.until(() => gateway.texts()[0] === 'half…')
    await restart(16 * MINUTE)
    assert.deepEqual(gateway.texts(), ['half…'])
    assert.equal(lastFrames(), 0)
  })

  it('of this process are not touched', async () => {
    const turn = await bot.ask()
    const id = await turn.say({ text: 'half' })
    await bot.pass(SECOND)
    await bot.longConnection.closeLeftBubbles()
    turn.edit(id!, { text: 'whole' })
    turn.endChain()
    await bot.until(() => gateway.messages()[0].isFinished)
    assert.deepEqual(gateway.texts(), ['whole'])
  })
})

import assert from 'node:assert/strict'
import sqlite from '@koishijs/plugin-database-sqlite'
import type { Session } from 'koishi'
import { h } from 'koishi'
import type { Config } from '../src'
import type { World } from './support/world'
import { createWorld } from './support/world'

describe('conflicting settings', () => {
  let world: World

  before(async () => {
    world = await createWorld()
  })

  after(() => world.close())

  for (const [retention, freshness, isWrong] of [
    [undefined, undefined, false], [599_999, undefined, true], [20_000, 10_000, false], [20_000, 10_001, true],
  ] as const) {
    it(`are logged at the start, with the cure: retention ${retention}, freshness ${freshness}`, async () => {
      const { dispose } = world.add({ retention, freshness })
      const warnings = world.log.warnings.splice(0)
      world.log.lines.splice(0)
      await dispose()
      assert.equal(warnings.length, Number(isWrong))
      if (isWrong) assert.match(warnings[0], /set retention to \d+ or more, or freshness to \d+ or less/)
    })
  }
})

describe('groups of a bot', () => {
  let world: World

  before(async () => {
    world = await createWorld(app => void app.plugin(sqlite as never, { path: ':memory:' } as never))
  })

  after(() => world.close())

  /** Starts a bot and sends it a message in each group. @returns whether each group can be sent to */
  async function sendTo(settings: Partial<Config>, ...groups: string[]) {
    const { bot, dispose } = world.add({ webhookKey: 'DEFAULT', ...settings })
    const client = world.client()
    const heard = world.app.on('message', (session: Session) => void session.send('ok'))
    for (const chatId of groups) await client.post(client.text('hi', { chatId }))
    await new Promise(resolve => setTimeout(resolve, 50))
    const sent = await Promise.allSettled(groups.map(chatId => bot.createMessage(chatId, h.text(`to ${chatId}`))))
    heard()
    await dispose()
    return sent.map(({ status }) => status === 'fulfilled')
  }

  it('are known after a restart with a database, so that the default webhook serves one group only', async () => {
    assert.deepEqual(await sendTo({ storage: 'database', botId: 'AIBOTID' }, 'A'), [true])
    assert.deepEqual(await sendTo({ storage: 'database', botId: 'AIBOTID' }, 'A'), [true])
    assert.deepEqual(await sendTo({ storage: 'database', botId: 'AIBOTID' }, 'B'), [false])
    assert.deepEqual(await sendTo({ storage: 'database', botId: 'AIBOTID' }, 'A'), [false])
    assert.deepEqual(await sendTo({ storage: 'database', botId: 'AIBOTID', webhooks: { B: 'KEY' } }, 'A', 'B'), [false, true])
    assert.deepEqual(world.wecom.webhooks.map(({ key, body }) => [key, body.markdown_v2.content]), [
      ['DEFAULT', 'to A'], ['DEFAULT', 'to A'], ['KEY', 'to B'],
    ])
  })

  it('are kept per bot', async () => {
    assert.deepEqual(await sendTo({ storage: 'database' }, 'C'), [true])
  })

  it('are forgotten without a database', async () => {
    assert.deepEqual(await sendTo({}, 'A'), [true])
    assert.deepEqual(await sendTo({}, 'B'), [true])
  })
})

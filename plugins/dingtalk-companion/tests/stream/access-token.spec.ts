import assert from 'node:assert/strict'
import type { StockBot } from '../../src/api/stock-bot'
import { Rig } from '../support/rig'

describe('the access token of DingTalk', () => {
  let rig: Rig

  beforeEach(async () => { rig = await (await Rig.start()).online() })
  afterEach(() => rig.close())

  const bot = () => rig.bot as unknown as StockBot
  const requests = () => rig.platform.calls.filter(({ api }) => api === 'token').length

  it('can be refreshed a thousand times at the same cost', async function() {
    this.timeout(60_000)
    const durations: number[] = []
    for (let count = 0; count < 1000; count++) {
      const startedAt = performance.now()
      await bot().refreshToken()
      durations.push(performance.now() - startedAt)
    }
    const median = (from: number) => durations.slice(from, from + 200).sort((one, other) => one - other)[100]
    assert.ok(median(800) < 5 * median(0) + 5, `${median(0)} ms at first, ${median(800)} ms in the end`)
    const { session, endChain } = await rig.turn()
    await session.send('好')
    await endChain()
    assert.deepEqual(rig.texts, ['好'])
  })

  it('is refreshed before it expires, once for all who ask', async () => {
    const before = requests()
    await rig.clock.advance(7_189_000)
    assert.equal(requests(), before)
    await rig.clock.advance(2000)
    await rig.until(() => bot().token === `token-${before + 1}`)
    await Promise.all(Array.from({ length: 10 }, () => bot().refreshToken()))
    assert.equal(requests(), before + 2)
    assert.equal(rig.clock.pending <= 5, true, 'timers do not pile up')
  })

  it('is requested again while that fails, with one line in the log', async () => {
    await bot().refreshToken()
    const before = requests()
    rig.platform.fail('token', 'reset', 3)
    await rig.clock.advance(7_191_000)
    await rig.until(() => requests() === before + 4, 1000)
    await rig.until(() => bot().token === `token-${before + 1}`)
    assert.equal(rig.warnings.length, 1)
    assert.match(rig.warnings[0], /could not refresh the access token: .*; trying again/)
  })

  it('is waited for no longer than 15 s', async () => {
    rig.platform.fail('token', 'hang')
    const refreshing = assert.rejects(bot().refreshToken(), { code: 'dingtalk/connection-failed' })
    await rig.until(() => rig.platform.calls.at(-1)!.api === 'token')
    await rig.clock.advance(15_000)
    await refreshing
  })

  it('is left to the adapter when the companion goes', async () => {
    const { token } = bot()
    rig.fork.dispose()
    assert.ok(!Object.hasOwn(rig.bot, 'refreshToken'))
    await rig.until(() => bot().token !== token)
  })
})

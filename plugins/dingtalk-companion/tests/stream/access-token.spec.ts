import assert from 'node:assert/strict'
import { cpuTimeMs } from 'common/testing'
import type { HTTP } from 'koishi'
import { dingtalkErrors } from 'testkit'
import type { StockBot } from '../../src/api/stock-bot'
import { Rig } from '../support/rig'

describe('the access token of DingTalk', () => {
  let rig: Rig

  beforeEach(async () => { rig = await (await Rig.start()).online() })
  afterEach(() => rig.close())

  const bot = () => rig.bot as unknown as StockBot & { oldHttp: HTTP, http: HTTP }
  const requests = () => rig.platform.calls.filter(({ api }) => api === 'token').length

  it('can be refreshed a thousand times at the same cost', async function() {
    this.timeout(120_000)
    const durations: number[] = []
    for (let count = 0; count < 1000; count++) {
      const startedAt = cpuTimeMs()
      await bot().refreshToken()
      durations.push(cpuTimeMs() - startedAt)
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

  describe('that was revoked', () => {
    interface Internal {
      [name: string]: (...args: object[]) => Promise<unknown>
    }
    const internal = () => rig.bot.internal as unknown as Internal
    const form = () => {
      const data = new FormData()
      data.append('type', 'file')
      data.append('media', new Blob(['字']), '字.txt')
      return data
    }

    for (const [name, task, api] of [
      ['messages of commands', () => rig.bot.sendMessage('cidGROUP', 'hello'), 'groupSend'],
      ['messages to people', () => rig.bot.sendPrivateMessage('alice', 'hello'), 'batchSend'],
      ['recalled messages', () => rig.bot.deleteMessage('cidGROUP', 'query-1'), 'groupRecall'],
      ['recalled messages of people', () => rig.bot.deleteMessage('alice', 'query-1'), 'batchRecall'],
      ['calls of other plugins', () => internal().orgGroupSend({
        msgKey: 'sampleText', msgParam: '{"content":"hello"}', robotCode: 'dingkey', openConversationId: 'cidGROUP',
      }), 'groupSend'],
      ['calls of the old API by other plugins', () => bot().oldHttp.post('/media/upload', form(), {
        params: { access_token: bot().token },
      }), 'upload'],
      ['calls of other plugins with the client itself', () => bot().http.put('/card/instances', { outTrackId: 'unknown' })
        .catch(() => {}), 'updateCard'],
    ] as const) {
      it(`is replaced, and the call repeated: ${name}`, async () => {
        await bot().refreshToken()
        const before = requests()
        rig.platform.expireTokens()
        await rig.settled(task())
        assert.equal(requests(), before + 1)
        assert.deepEqual(rig.calls.filter(call => call === api), [api, api])
        const [first, second] = rig.platform.calls.filter(call => call.api === api)
        assert.deepEqual([first.billed, second.billed], [false, true])
      })
    }

    it('is replaced once for all calls that found it revoked', async () => {
      const before = requests()
      rig.platform.expireTokens()
      await rig.settled(Promise.all(['a', 'b', 'c', 'd'].map(text => rig.bot.sendMessage(`cid${text}`, text))))
      assert.equal(requests(), before + 1)
      assert.deepEqual([...rig.texts].sort(), ['a', 'b', 'c', 'd'])
    })

    it('is not replaced for ever: the second refusal is an error', async () => {
      const { invalidToken } = dingtalkErrors
      rig.platform.fail('groupSend', invalidToken(), 2)
      await assert.rejects(rig.settled(rig.bot.sendMessage('cidGROUP', 'hello')), { code: 'dingtalk/token-invalid' })
    })
  })

  it('is left to the adapter when the companion goes', async () => {
    const { token } = bot()
    rig.fork.dispose()
    assert.ok(!Object.hasOwn(rig.bot, 'refreshToken'))
    await rig.until(() => bot().token !== token)
  })
})

import assert from 'node:assert/strict'
import { describeUsage, registerUsage, usageParts } from '../../src/commands/usage'
import { App } from '../../src/api/app'
import { Rig } from '../support/rig'

describe('dingtalk.usage', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await (await Rig.start({ config: { cardTemplateId: undefined } })).online()
    registerUsage(rig.app, session => rig.companion.describeUsage(session))
  })

  afterEach(() => rig.close())

  it('says how many calls were made this month', async () => {
    await rig.bot.sendMessage('cidGROUP', '字')
    await rig.message(undefined, 'alice', 'dingtalk.usage')
    await rig.until(() => rig.texts.length === 2)
    assert.equal(rig.texts[1], 'dingkey 2027-01 1/5000')
  })

  it('adds its lines to the report of gemini-chat', async () => {
    const lines = ['今天：1 次请求']
    rig.app.emit('gemini/usage', await rig.message(), lines)
    assert.deepEqual(lines, ['今天：1 次请求', 'dingkey 2027-01 0/5000'])
  })

  it('is told to the page of assistant-status', async () => {
    await rig.bot.sendMessage('cidGROUP', '字')
    const parts = rig.companion.usageParts() as { messages: { used: number } }[]
    assert.deepEqual(parts.map(({ messages, ...part }) => ({ ...part, messages: messages.used })), [{
      source: 'dingtalk-app', id: 'dingkey', month: '2027-01', calls: { used: 1, limit: 5000 }, messages: 0,
    }])
    assert.deepEqual(usageParts([], 0), [])
  })

  for (const [calls, messages, expected] of [
    [79, 79, ['dingkey 2027-01 79/100']],
    [80, 0, ['dingkey 2027-01 80/100', 'calls 80 %']],
    [89, 80, ['dingkey 2027-01 89/100', 'calls 89 %', 'messages 80 %']],
    [0, 89, ['dingkey 2027-01 0/100', 'messages 89 %']],
    [90, 90, ['90/100 short', 'few messages 90 %']],
    [0, 120, ['dingkey 2027-01 0/100', 'few messages 120 %']],
  ] as const) {
    it(`warns of ${calls} % of the calls and ${messages} % of the messages`, async () => {
      const session = await rig.message()
      const app = new App('dingkey', { clock: rig.clock, monthlyCalls: 100, monthlyMessages: 100, warn() {} })
      app.quota.spend(calls)
      app.messages.spend(messages)
      assert.deepEqual(describeUsage([app], rig.clock.now(), session), expected)
    })
  }

  it('says when little is left, and where there is no limit', async () => {
    const session = await rig.message()
    const lines = (monthlyCalls: number) => {
      const app = new App('a', { clock: rig.clock, monthlyCalls, warn() {} })
      app.quota.spend(9)
      return describeUsage([app], rig.clock.now(), session)
    }
    assert.deepEqual([lines(10), lines(0)], [['9/10 short'], ['9']])
  })
})

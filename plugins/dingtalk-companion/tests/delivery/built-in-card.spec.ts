import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { h } from 'koishi'
import { dingtalkErrors } from 'testkit'
import { CardFrames } from '../../src/delivery/card-frames'
import { BUILT_IN_TEMPLATE, templateOf } from '../../src/delivery/card-template'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

const builtIn = { cardTemplateId: undefined, builtInCard: true }

describe('the built-in card template', () => {
  let rig: Rig

  async function start(options: Options = {}) {
    rig = await (await Rig.start({ config: builtIn, ...options })).online()
  }

  afterEach(() => rig?.close())

  const card = () => rig.platform.cards[0]
  const rows = () => rig.app.database.get('gemini_dingtalk_card', {})

  for (const [group, space] of [[undefined, 'IM_ROBOT.alice'], ['cidGROUP', 'IM_GROUP.cidGROUP']] as const) {
    it(`shows an answer that grows in ${space}, and its end`, async () => {
      await start()
      const answer = await rig.answer(group)
      answer.update('你')
      await rig.until(() => card()?.frames.length === 1, 100)
      assert.deepEqual([card().state, card().content, card().key], ['typing', '你', 'msgContent'])
      await rig.settled(answer.finish('你好'))
      const { content, params, state, templateId } = card()
      assert.deepEqual([content, state, templateId, card().space], ['你好', 'finished', BUILT_IN_TEMPLATE.id, space])
      assert.deepEqual([params!.flowStatus, params!.msgContent], ['3', '你好'])
      assert.deepEqual(rig.calls, ['createAndDeliver', 'streaming', 'streaming', 'updateCard'])
      assert.deepEqual(rig.texts, [])
    })
  }

  const buttons = '<button type="input" text="/帮助">帮助</button><button type="link" href="https://a.b/c">打开</button>'
  const links = '[帮助](dtmd://dingtalkclient/sendMessage?content=%2F%E5%B8%AE%E5%8A%A9) [打开](https://a.b/c)'

  it('has no buttons: they are links below a message', async () => {
    await start()
    const { session, endChain } = await rig.turn()
    await session.send(h.parse(`选一个${buttons}`))
    await rig.settled(endChain())
    assert.deepEqual([rig.texts, rig.platform.cards], [[`选一个\n\n${links}`], []])
  })

  it('has no buttons: they are links below an answer that grew', async () => {
    await start()
    const { session, endChain } = await rig.turn()
    const [id] = await session.bot.sendMessage(session.channelId!, '选', undefined, { session })
    await session.bot.editMessage(session.channelId!, id, `选一个${buttons}`)
    await rig.settled(endChain())
    assert.deepEqual([card().content, rig.texts], [`选一个\n\n${links}`, []])
  })

  it('shows that an answer broke off', async () => {
    await start()
    const answer = await rig.answer()
    answer.status('搜索')
    await rig.until(() => card()?.frames.length === 1, 100)
    await rig.settled(answer.finish('服务器正忙。', true))
    assert.deepEqual([card().state, card().content], ['failed', '服务器正忙。'])
  })

  for (const [name, config, template] of [
    ['an own template', { ...builtIn, cardTemplateId: 'ai.schema' }, 'ai.schema'],
    ['the template of an app', { ...builtIn, apps: [{ clientId: 'dingkey', cardTemplateId: 'app.schema' }] }, 'app.schema'],
    ['the built-in template by its id, whatever the variable', { cardTemplateId: BUILT_IN_TEMPLATE.id, cardKey: 'content' }, BUILT_IN_TEMPLATE.id],
  ] as const) {
    it(`gives way to ${name}`, async () => {
      await start({ config: config as never })
      const answer = await rig.answer()
      answer.update('你')
      await rig.settled(answer.finish('你好'))
      assert.deepEqual([card().templateId, card().state, card().content], [template, 'finished', '你好'])
    })
  }

  for (const [name, config] of [
    ['it is switched off', { ...builtIn, builtInCard: false }], ['streaming is off', { ...builtIn, streaming: 'off' }],
  ] as const) {
    it(`is not used when ${name}`, async () => {
      await start({ config })
      const answer = await rig.answer()
      await rig.settled(answer.finish('好'))
      assert.deepEqual([rig.calls, rig.texts], [['batchSend'], ['好']])
    })
  }

  it('is replaced by messages, for five minutes, when DingTalk no longer knows it', async () => {
    await start()
    rig.platform.fail('createAndDeliver', dingtalkErrors.invalid('templateNotExist', 'card template is not exist'))
    for (const text of ['一', '二']) {
      const answer = await rig.answer()
      answer.update(text)
      await rig.settled(answer.finish(text))
    }
    assert.deepEqual(rig.texts, ['一', '二'])
    assert.equal(rig.calls.filter(api => api === 'createAndDeliver').length, 1)
    assert.match(rig.warnings.join(), /template.*answers are plain messages for 5 minutes/)
  })

  it('shows the end without the text, where the text is too long for a variable', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('你')
    await rig.until(() => card()?.frames.length === 1, 100)
    rig.platform.fail('updateCard', dingtalkErrors.invalid('cardParamMap', 'value is too long'))
    await rig.settled(answer.finish('你好'))
    assert.deepEqual([card().state, card().content, rig.texts], ['finished', '你好', []])
  })

  it('is closed at the next start, with the whole text and no note, when its end could not be shown', async () => {
    await start({ database: true })
    const answer = await rig.answer()
    answer.update('你')
    await rig.until(() => card()?.frames.length === 1, 100)
    rig.platform.fail('updateCard', 'reset', 4)
    await rig.settled(answer.finish('你好'))
    assert.deepEqual([card().state, card().content, rig.texts, (await rows()).length], ['typing', '你好', [], 1])
    rig.platform.recover()
    const before = rig
    await before.stop()
    rig = await (await Rig.start({ config: builtIn, after: before })).online()
    await rig.until(() => card().state === 'finished', 100)
    assert.equal(card().content, '你好')
  })

  it('is closed at the next start after a crash, with a note', async () => {
    await start({ database: true })
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => card()?.frames.length === 1, 100)
    rig.platform.fail('streaming', 'reset', 4)
    const before = rig
    await rig.settled(rig.app.parallel('exit', 'SIGKILL'))
    await before.stop()
    rig.platform.recover()
    rig = await (await Rig.start({ config: builtIn, after: before })).online()
    await rig.until(() => card().state === 'finished', 100)
    assert.equal(card().content, '说到一半\n\n（回答在这里中断了。）')
  })
})

describe('CardFrames', () => {
  for (const [template, gapMs] of [[BUILT_IN_TEMPLATE, 500], [{ id: 'ai.schema', key: 'content' }, 0]] as const) {
    it(`leaves ${gapMs} ms between two calls for a card of ${template.id}`, async () => {
      const clock = new FakeClock()
      const at: number[] = []
      const call = async () => void at.push(clock.monotonic())
      const api = { updateCard: call, setCardParams: call } as never
      const store = { update: async () => {}, complete: async () => {} } as never
      const frames = new CardFrames({ api, clock, store, template }, 'card')
      const run = async (task: Promise<unknown>) => {
        let isOver = false
        void task.then(() => isOver = true)
        for (; !isOver; await clock.advance(10)) await new Promise(resolve => setImmediate(resolve))
      }
      await run(frames.paced(call))
      await run(frames.showText('你'))
      await run(frames.close('你好', 'finished'))
      const gaps = at.slice(1).map((time, index) => time - at[index])
      assert.deepEqual(gaps.length, gapMs ? 3 : 2)
      assert.ok(gaps.every(gap => gap >= gapMs && gap <= gapMs + 50), gaps.join())
    })
  }
})

describe('templateOf', () => {
  const settings = { cardKey: 'answer', builtInCard: true }

  it('prefers the template of the settings', () => {
    assert.deepEqual(templateOf({ ...settings, cardTemplateId: 'a.schema' }), { id: 'a.schema', key: 'answer' })
    assert.deepEqual(templateOf({ ...settings, builtInCard: false, cardTemplateId: 'a.schema' }), { id: 'a.schema', key: 'answer' })
    assert.deepEqual(templateOf({ ...settings, cardTemplateId: '' }), BUILT_IN_TEMPLATE)
    assert.equal(templateOf({ ...settings, builtInCard: false }), undefined)
  })
})

import assert from 'node:assert/strict'
import { dingtalkErrors } from 'testkit'
import { CARD_WATCHDOG_MS } from '../../src/delivery/card'
import type { Answer } from '../support/answer'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

describe('Card', () => {
  let rig: Rig

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online()
  }

  afterEach(() => rig.close())

  /** An answer that grows by a letter each 100 ms, for so many seconds. */
  async function grow(answer: Answer, seconds: number) {
    let text = ''
    for (let step = 0; step < seconds * 10; step++) {
      answer.update(text += '字')
      await rig.clock.advance(100)
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    return text
  }

  const card = () => rig.platform.cards[0]
  const frames = () => card().frames

  it('is created in the chat of the message, and ends with the whole text', async () => {
    await start({ config: { cardKey: 'answer' } })
    for (const [group, space] of [[undefined, 'IM_ROBOT.alice'], ['cidGROUP', 'IM_GROUP.cidGROUP']] as const) {
      const answer = await rig.answer(group)
      answer.update('你')
      await answer.finish('你好\n世界')
      const { key, state, content, templateId, ...rest } = rig.platform.cards.at(-1)!
      assert.deepEqual([key, state, content, templateId, rest.space], ['answer', 'finished', '你好<br>世界', 'ai.schema', space])
    }
    assert.deepEqual(rig.texts, [])
  })

  it('shows four frames and the last one in economy mode, at growing gaps', async () => {
    await start()
    const answer = await rig.answer()
    const text = await grow(answer, 40)
    await answer.finish(text)
    const all = frames()
    assert.equal(all.length, 5)
    assert.deepEqual(all.map(({ isFinalize }) => isFinalize), [false, false, false, false, true])
    assert.ok(all.every(({ isFull }) => isFull))
    assert.equal(new Set(all.map(({ guid }) => guid)).size, 5)
    const lengths = all.map(({ content }) => content.length)
    const gaps = lengths.slice(1, 4).map((length, index) => length - lengths[index])
    assert.ok(gaps[0] >= 15 && gaps[1] > gaps[0] && gaps[2] > gaps[1], String(lengths))
    assert.equal(card().content, text)
    assert.equal(rig.billed, 6)
  })

  it('shows about one frame a second in live mode', async () => {
    await start({ config: { streaming: 'live' } })
    const answer = await rig.answer()
    await answer.finish(await grow(answer, 20))
    assert.ok(frames().length >= 15 && frames().length <= 21, String(frames().length))
  })

  it('is replaced by one message when streaming is off', async () => {
    await start({ config: { streaming: 'off' } })
    const answer = await rig.answer()
    await answer.finish(await grow(answer, 3))
    assert.deepEqual(rig.calls, ['batchSend'])
  })

  describe('with a status line', () => {
    const texts = () => card()?.frames.map(({ content }) => content) ?? []

    it('spends one frame on it in economy mode, and replaces it with the text', async () => {
      await start()
      const answer = await rig.answer()
      answer.status('排队')
      await rig.until(() => texts().length === 1)
      assert.equal(card().state, 'typing')
      answer.status('搜索')
      await rig.clock.advance(5000)
      const text = await grow(answer, 40)
      await rig.settled(answer.finish(text))
      assert.equal(texts()[0], '排队')
      assert.deepEqual([texts().length, card().content, texts().includes('搜索')], [5, text, false])
    })

    it('shows every status in live mode', async () => {
      await start({ config: { streaming: 'live' } })
      const answer = await rig.answer()
      for (const line of ['排队', '搜索']) {
        answer.status(line)
        await rig.until(() => texts().at(-1) === line)
      }
      await rig.settled(answer.finish('好'))
      assert.deepEqual(texts(), ['排队', '搜索', '好'])
    })

    it('ends with the text that replaces the status', async () => {
      await start()
      const answer = await rig.answer()
      answer.status('搜索')
      await rig.until(() => texts().length === 1)
      await rig.settled(answer.finish('服务器正忙。'))
      assert.deepEqual([card().state, card().content, rig.texts], ['finished', '服务器正忙。', []])
    })

    it('is replaced by a message when it cannot be created', async () => {
      await start()
      rig.platform.meter.missing.add('Card.Instance.Write')
      const answer = await rig.answer()
      answer.status('搜索')
      await rig.settled(answer.finish('好'))
      assert.deepEqual(rig.texts, ['好'])
    })

    it('ends with a note, and without the status, when the plugin is disposed', async () => {
      await start()
      const answer = await rig.answer()
      answer.status('搜索')
      await rig.until(() => texts().length === 1)
      rig.fork.dispose()
      await rig.until(() => card().state !== 'typing', 100)
      assert.match(card().content, /^（回答在这里中断了/)
      assert.equal(card().state, 'finished')
    })
  })

  it('ends as failed when an error has cut off the text', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('半')
    await answer.finish('半\n\n（中断）', true)
    assert.deepEqual([card().state, card().content], ['failed', '半\n\n（中断）'])
  })

  it('closes the code that a frame stops in', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('```js\nconst a')
    await rig.until(() => card()?.frames.length > 0, 100)
    assert.equal(frames()[0].content, '```js\nconst a\n```')
    await answer.finish('```js\nconst a = 1\n```')
  })

  it('retries the last frame under the same guid, and the others not at all', async () => {
    await start()
    const answer = await rig.answer()
    rig.platform.fail('streaming', 'reset')
    answer.update('一')
    await rig.until(() => rig.calls.length > 1, 100)
    rig.platform.fail('streaming', 'reset', 2)
    await rig.settled(answer.finish('一二'))
    const guids = rig.platform.calls.filter(({ api }) => api === 'streaming').map(({ body }) => body.guid)
    assert.equal(guids.length, 4)
    assert.equal(new Set(guids.slice(1)).size, 1)
    assert.equal(new Set(guids).size, 2)
    assert.equal(card().content, '一二')
  })

  it('drops frames that come too fast, but never the last', async () => {
    await start({ config: { streaming: 'live' } })
    const answer = await rig.answer()
    rig.platform.fail('streaming', dingtalkErrors.qpsLimit(), 3)
    const text = await grow(answer, 10)
    rig.platform.fail('streaming', dingtalkErrors.qpsLimit(), 2)
    await rig.settled(answer.finish(text))
    assert.deepEqual([card().state, card().content], ['finished', text])
    assert.deepEqual(rig.texts, [])
    assert.deepEqual(rig.warnings, [])
  })

  it('is continued in a message when the text does not fit', async () => {
    await start({ platform: { cardLimit: 4000 } })
    const text = Array.from({ length: 100 }, (_, index) => `第 ${index} 段${'。'.repeat(20)}`).join('\n\n')
    const answer = await rig.answer()
    answer.update(text.slice(0, 50))
    await answer.finish(text)
    assert.equal(card().state, 'finished')
    assert.equal([card().content.trim(), ...rig.texts].join('\n\n'), text)
  })

  it('keeps the last frame that fitted when the text outgrows it', async () => {
    await start({ platform: { cardLimit: 200 } })
    const answer = await rig.answer()
    answer.update('一'.repeat(60))
    await rig.until(() => card()?.frames.length === 1, 100)
    answer.update('一'.repeat(90))
    await rig.until(() => rig.calls.length === 3, 100)
    await answer.finish('一'.repeat(90) + '完')
    assert.deepEqual([card().state, card().content.length], ['finished', 60])
    assert.deepEqual(rig.texts, ['一'.repeat(30) + '完'])
  })

  it('shows less and less until DingTalk takes it', async () => {
    await start({ platform: { cardLimit: 1000 } })
    const text = '字'.repeat(2000)
    const answer = await rig.answer()
    answer.update('字')
    await rig.settled(answer.finish(text))
    assert.equal(card().state, 'finished')
    assert.equal(card().content + rig.texts.join(''), text)
  })

  it('is replaced by messages for 30 minutes when it cannot be created', async () => {
    await start()
    rig.platform.meter.missing.add('Card.Instance.Write')
    const answer = await rig.answer()
    answer.update('你')
    await answer.finish('你好')
    const next = await rig.answer()
    await next.finish('再见')
    assert.deepEqual(rig.calls, ['createAndDeliver', 'batchSend', 'batchSend'])
    assert.equal(rig.warnings.length, 1)
    assert.match(rig.warnings[0], /Card\.Instance\.Write is missing.*30 minutes/)

    rig.platform.meter.missing.clear()
    await rig.clock.advance(30 * 60_000)
    const later = await rig.answer()
    later.update('又')
    await later.finish('又来了')
    assert.equal(card().content, '又来了')
  })

  it('is replaced by a message when it cannot be updated', async () => {
    await start()
    rig.platform.meter.missing.add('Card.Streaming.Write')
    const answer = await rig.answer()
    answer.update('你')
    await rig.until(() => rig.calls.length > 1, 100)
    await answer.finish('你好')
    assert.deepEqual(rig.texts, ['你好'])
    assert.match(rig.warnings[0], /Card\.Streaming\.Write is missing/)
    assert.equal(rig.warnings.length, 1)
  })

  it('is replaced by a message while the address is banned', async () => {
    await start()
    rig.platform.fail('createAndDeliver', 'ban')
    const answer = await rig.answer()
    answer.update('你')
    await answer.finish('你好')
    assert.deepEqual(rig.texts, ['你好'])
    assert.match(rig.warnings[0], /page instead of data.*5 minutes/)
  })

  it('survives an expired token', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('你')
    await rig.until(() => rig.platform.cards.length > 0)
    rig.platform.expireTokens()
    await answer.finish('你好')
    assert.deepEqual([card().state, card().content, rig.texts], ['finished', '你好', []])
  })

  it('is closed as failed after ten minutes without text, and continued in a message', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('还在想')
    await rig.until(() => card()?.frames.length > 0, 100)
    // In one step, so that no request of the last frame is under way while the clock goes on.
    await rig.clock.advance(CARD_WATCHDOG_MS)
    await rig.until(() => card().state === 'failed')
    assert.match(card().content, /^还在想\n\n（回答在这里中断了/)
    await answer.finish('还在想，想好了')
    assert.deepEqual(rig.texts, ['，想好了'])
  })

  it('is closed when the plugin is disposed', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => card()?.frames.length > 0, 100)
    rig.fork.dispose()
    await rig.until(() => card().state === 'finished')
    assert.match(card().content, /^说到一半\n\n（回答在这里中断了/)
    await answer.finish('说到一半')
    assert.deepEqual(rig.texts, [])
  })

  for (const [what, go] of Object.entries<() => void>({
    'the plugin is disposed': () => void rig.fork.dispose(),
    'the bot is disposed': () => void rig.adapter.dispose(),
    'the plugin is loaded again at once': () => void rig.app.registry.get(rig.fork.runtime.plugin as never)!.restart(),
  })) {
    it(`is closed when ${what} and its token has expired`, async () => {
      await start()
      const answer = await rig.answer()
      answer.update('说到一半')
      await rig.until(() => card()?.frames.length > 0, 100)
      rig.platform.expireTokens()
      go()
      await rig.until(() => card().state === 'finished', 10)
      assert.match(card().content, /^说到一半\n\n（回答在这里中断了/)
    })
  }

  it('is closed before the process exits', async () => {
    await start()
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => rig.platform.cards.length > 0)
    await rig.app.parallel('exit', 'SIGTERM')
    assert.equal(card().state, 'finished')
    await answer.finish('说到一半')
    assert.deepEqual(rig.texts, [])
  })
})

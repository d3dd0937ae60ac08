import assert from 'node:assert/strict'
import { h } from 'koishi'
import type { Session } from 'koishi'
import { HOLD_MS, LATE_EDIT_IDLE_MS } from '../../src/turn/outgoing-message'
import { Rig, tick } from '../support/rig'
import type { Options } from '../support/rig'

describe('OutgoingMessage', () => {
  let rig: Rig
  let session: Session
  let endChain: () => Promise<void>

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online();
    ({ session, endChain } = await rig.turn('cidGROUP'))
  }

  afterEach(async () => {
    await endChain()
    await rig.close()
  })

  const send = async (text: string, state?: string) => {
    return (await session.send([h('markdown', { state }, h.text(text))]))[0]
  }
  const edit = (id: string, text: string, state?: string) => {
    return session.bot.editMessage('cidGROUP', id, [h('markdown', { state }, h.text(text))])
  }
  const card = () => rig.platform.cards[0]
  const quiet = async () => {
    for (let times = 0; times < 10; times++) await tick()
  }

  it('is a Markdown message when it is never edited, for one call', async () => {
    await start()
    await send('你好')
    await quiet()
    assert.deepEqual(rig.texts, [])
    await rig.settled(endChain())
    assert.deepEqual([rig.texts, rig.calls], [['你好'], ['groupSend']])
  })

  it('is held back for its first edit only so long', async () => {
    await start()
    await send('请稍候')
    await rig.clock.advance(HOLD_MS - 1)
    await quiet()
    assert.deepEqual(rig.texts, [])
    await rig.clock.advance(1)
    await rig.until(() => rig.texts.length === 1)
  })

  it('goes out before the next message of its turn', async () => {
    await start()
    await send('一')
    await send('二')
    await rig.until(() => rig.texts.length === 1)
    assert.deepEqual(rig.texts, ['一'])
    await rig.settled(endChain())
    assert.deepEqual(rig.texts, ['一', '二'])
  })

  it('becomes a card with its first edit, and is closed when the turn ends', async () => {
    await start()
    const id = await send('说')
    await edit(id, '说到')
    await rig.until(() => card()?.content === '说到', 100)
    assert.equal(card().state, 'typing')
    await edit(id, '说到一半')
    await edit(id, '说完了')
    await rig.settled(endChain())
    assert.deepEqual([card().state, card().content, rig.texts], ['finished', '说完了', []])
  })

  it('opens its card at once where it says that it will grow', async () => {
    await start()
    await send('说', 'typing')
    await rig.until(() => rig.platform.cards.length === 1)
    await rig.settled(endChain())
    assert.deepEqual([card().state, card().content], ['finished', '说'])
  })

  it('opens a card with the whole text when it is edited after it was sent', async () => {
    await start()
    const id = await send('说')
    await rig.clock.advance(HOLD_MS)
    await rig.until(() => rig.texts.length === 1)
    await edit(id, '说完了')
    await rig.settled(endChain())
    assert.deepEqual([rig.texts, card().content, card().state], [['说'], '说完了', 'finished'])
  })

  it('continues once, at the end, where no card can be made any more', async () => {
    await start({ config: { monthlyCalls: 20 } })
    const id = await send('说')
    await rig.clock.advance(HOLD_MS)
    await rig.until(() => rig.texts.length === 1)
    for (let count = 0; count < 17; count++) await rig.settled(rig.bot.sendMessage('cidOTHER', '字'))
    await edit(id, '说到')
    await edit(id, '说到一半，说完了')
    await rig.settled(endChain())
    assert.deepEqual(rig.platform.messages.filter(({ conversationId }) => conversationId === 'cidGROUP').map(({ param }) => param.text),
      ['说', '到一半，说完了'])
    assert.deepEqual(rig.platform.cards, [])
  })

  it('is held until the end where its card is refused, and keeps its place', async () => {
    await start()
    rig.platform.meter.missing.add('Card.Instance.Write')
    const id = await send('说', 'typing')
    await rig.until(() => rig.warnings.length > 0)
    await edit(id, '说完了')
    await quiet()
    assert.deepEqual(rig.texts, [])
    await rig.settled(send('另一条'))
    await rig.until(() => rig.texts.length === 2)
    assert.deepEqual(rig.texts, ['说完了', '另一条'])
  })

  it('is not repeated at the end of the turn when it could not be sent', async () => {
    await start({ config: { cardTemplateId: undefined } })
    rig.platform.fail('groupSend', 'reset')
    const failures: unknown[] = []
    rig.app.on('dingtalk-companion/send-failed', ({ channelId }, error, source) => {
      failures.push([channelId, (error as { code?: string }).code, source?.id])
    })
    await assert.rejects(session.bot.sendMessage('cidGROUP', '字', undefined, { session }), { code: 'dingtalk/connection-failed' })
    assert.deepEqual(failures, [['cidGROUP', 'dingtalk/connection-failed', session.id]])
    await rig.settled(endChain())
    assert.deepEqual(rig.calls, ['groupSend'])
  })

  it('reports when a message that was held back cannot be delivered', async () => {
    await start()
    await send('字')
    rig.platform.meter.missing.add('qyapi_robot_sendmsg')
    await rig.settled(endChain())
    assert.match(rig.warnings.join('\n'), /a message could not be delivered: .*qyapi_robot_sendmsg/)
  })

  it('opens another card for edits after the end, and closes it when they stop', async () => {
    await start()
    const id = await send('说')
    await rig.settled(endChain())
    assert.deepEqual(rig.texts, ['说'])
    await edit(id, '说到一半')
    await rig.until(() => card()?.content === '说到一半', 100)
    await rig.clock.advance(LATE_EDIT_IDLE_MS)
    await rig.until(() => card().state === 'finished')
    assert.equal(card().content, '说到一半')
  })

  it('continues a closed card in a message for edits after the end', async () => {
    await start()
    const id = await send('说', 'typing')
    await rig.settled(endChain())
    await edit(id, '说完了，还有')
    await rig.clock.advance(LATE_EDIT_IDLE_MS)
    await rig.until(() => rig.texts.length === 1)
    assert.deepEqual([card().content, rig.texts], ['说', ['完了，还有']])
  })

  it('is complete outside of turns with the first text that does not go on', async () => {
    await start()
    const [id] = await rig.bot.sendMessage('cidGROUP', [h('markdown', { state: 'typing' }, h.text('说'))])
    await rig.until(() => card()?.content === '说', 100)
    await edit(id, '说到一半', 'typing')
    assert.equal(card().state, 'typing')
    await edit(id, '说完了')
    await rig.until(() => card().state === 'finished', 100)
    assert.equal(card().content, '说完了')
  })

  it('is sent at once outside of turns, and fails where that fails', async () => {
    await start()
    await rig.bot.sendMessage('cidGROUP', '你好')
    assert.deepEqual(rig.texts, ['你好'])
    rig.platform.meter.missing.add('qyapi_robot_sendmsg')
    await assert.rejects(rig.bot.sendMessage('cidGROUP', '你好'), { code: 'dingtalk/permission-denied', scope: 'qyapi_robot_sendmsg' })
  })

  it('is never sent when it is deleted in time, and leaves a note in its card otherwise', async () => {
    await start()
    await session.bot.deleteMessage('cidGROUP', await send('一'))
    const id = await send('二', 'typing')
    await rig.until(() => card()?.content === '二', 100)
    await rig.settled(session.bot.deleteMessage('cidGROUP', id))
    await assert.rejects(edit(id, '三'), { code: 'dingtalk/message-unknown' })
    await rig.settled(endChain())
    assert.deepEqual([rig.texts, card().state, card().content], [[], 'finished', '（已撤回）'])
  })

  it('is closed, with a note, when its bot is disposed', async () => {
    await start()
    await send('说到一半', 'typing')
    await rig.until(() => card()?.content === '说到一半', 100)
    rig.adapter.dispose()
    await rig.until(() => card().state === 'finished')
    assert.equal(card().content, '说到一半\n\n（回答在这里中断了。）')
  })

  it('gets no note when the process ends while its card is being closed', async () => {
    await start()
    await send('说完了', 'typing')
    await rig.until(() => card()?.content === '说完了', 100)
    const ended = endChain()
    await rig.until(() => rig.hasEnded(session.id))
    await rig.settled(Promise.all([ended, rig.app.parallel('exit', 'SIGTERM')]))
    assert.equal(card().content, '说完了')
  })

  it('goes out when the plugin is disposed, and is written by the stock adapter from then on', async () => {
    await start()
    await send('说')
    rig.fork.dispose()
    await rig.until(() => rig.texts.length === 1)
    assert.deepEqual(rig.texts, ['说'])
    await session.send('又说')
    assert.deepEqual(rig.texts, ['说', '又说'])
  })
})

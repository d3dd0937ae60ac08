import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

describe('clicks on cards', () => {
  let rig: Rig
  let buttons: Session[]
  let words: Session[]
  let feedback: [string | undefined, boolean, string][]

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online()
    buttons = []
    words = []
    feedback = []
    rig.app.on('interaction/button', session => void buttons.push(session))
    rig.app.on('message', session => void words.push(session))
    rig.app.on('dingtalk-companion/feedback', ({ userId }, { isGood, messageId }) => void feedback.push([userId, isGood, messageId]))
  }

  afterEach(() => rig.close())

  async function card(conversationId?: string) {
    const answer = await rig.answer(conversationId)
    answer.update('说到')
    await rig.until(() => rig.platform.cards.length > 0 && rig.platform.cards.at(-1)!.state === 'typing', 100)
    return { answer, card: rig.platform.cards.at(-1)! }
  }

  for (const actionId of ['stop', 'btn_stop']) {
    it(`say the word for it when the stop button was clicked: ${actionId}`, async () => {
      await start()
      const { answer, card: { outTrackId, space } } = await card('cidGROUP')
      const delivery = await rig.platform.click({ outTrackId, space }, { userId: 'alice', actionId })
      await rig.until(() => words.length === 2)
      const [, { channelId, content, isDirect, stripped, userId }] = words
      assert.deepEqual([userId, channelId, isDirect], ['alice', 'cidGROUP', false])
      assert.deepEqual([content, stripped.content, stripped.atSelf], ['<at id="dingkey"/>停止', '停止', true])
      await rig.until(() => delivery.acknowledgedAt !== undefined)
      assert.equal(buttons[0].event.button?.id, actionId)
      await rig.settled(answer.finish('说到'))
    })
  }

  it('say it in direct chats too, each time anew, with the words of the settings', async () => {
    await start({ config: { stopText: '/stop' } })
    const { answer, card: { outTrackId, space } } = await card()
    for (let count = 0; count < 2; count++) await rig.platform.click({ outTrackId, space }, { userId: 'alice', actionId: 'stop' })
    await rig.until(() => words.length === 3)
    assert.deepEqual(words.slice(1).map(({ channelId, content, isDirect }) => [channelId, content, isDirect]), [
      ['alice', '/stop', true], ['alice', '/stop', true],
    ])
    await rig.settled(answer.finish('说到'))
  })

  it('are feedback, which the card can show', async () => {
    await start()
    const { answer, card: { outTrackId, space } } = await card('cidGROUP')
    await rig.settled(answer.finish('说到'))
    const up = await rig.platform.click({ outTrackId, space }, { userId: 'bob', actionId: 'feedback_up' })
    const down = await rig.platform.click({ outTrackId, space }, { userId: 'carol', actionId: 'feedback_down' })
    await rig.until(() => down.acknowledgedAt !== undefined && up.acknowledgedAt !== undefined)
    assert.deepEqual(feedback, [['bob', true, outTrackId], ['carol', false, outTrackId]])
    assert.deepEqual(up.response.response.userPrivateData.cardParamMap, { feedback: 'up' })
    assert.equal(words.length, 1)
  })

  it('on cards of an earlier process are taken for those of their group', async () => {
    await start()
    await rig.platform.click({ outTrackId: 'old', space: 'IM_GROUP.cidOLD' }, { userId: 'bob', actionId: 'more' })
    await rig.platform.click({ outTrackId: 'old', space: 'IM_ROBOT.bob' }, { userId: 'bob', actionId: 'more' })
    await rig.until(() => buttons.length === 2)
    assert.deepEqual(buttons.map(({ channelId, isDirect }) => [channelId, isDirect]), [['cidOLD', false], ['bob', true]])
  })

  it('of another form are acknowledged and ignored', async () => {
    await start()
    for (const data of [{}, { outTrackId: 'a', userId: 'b', content: '{' }, { outTrackId: 'a', userId: 'b', value: 'null' }]) {
      const delivery = await rig.platform.stream.push(data, { topic: '/v1.0/card/instances/callback' })
      await rig.until(() => delivery.acknowledgedAt !== undefined)
    }
    assert.deepEqual([buttons, rig.warnings], [[], []])
  })
})

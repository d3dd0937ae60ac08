import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { welcomeCard, welcomeText } from '../../src/inbound/welcome'
import { cards } from '../support/cards'
import type { World } from '../support/world'
import { createWorld } from '../support/world'

const menu = {
  card_type: 'button_interaction',
  main_title: { title: '你好', desc: '我是小助手' },
  button_list: [{ text: '用法', style: 1, key: 'i:usage' }, { text: '反馈', style: 2, key: 'report' }],
}

describe('welcome', () => {
  it('is a card with a task_id of its own if it is the JSON of a card', () => {
    for (const card of Object.values(cards)) {
      const [one, other] = [welcomeCard(JSON.stringify(card))!, welcomeCard(` \n${JSON.stringify(card, null, 2)}`)!]
      assert.match(one.task_id!, /^[\w@-]{1,128}$/)
      assert.notEqual(one.task_id, other.task_id)
      assert.deepEqual({ ...one, task_id: '' }, { ...card, task_id: '' })
    }
  })

  it('is a text otherwise', () => {
    for (const text of ['', '你好', '{name}，你好', '**"card_type"**', '[{"card_type":"text_notice"}]', '{"a":1}']) {
      assert.equal(welcomeCard(text), undefined)
    }
  })

  it('is rendered as text where cards cannot be sent', () => {
    assert.equal(welcomeText('**你好**'), '**你好**')
    assert.equal(welcomeText(JSON.stringify(menu)), '你好\n\n我是小助手\n\n- 用法：usage\n- 反馈')
    assert.equal(welcomeText(JSON.stringify(cards.news_notice)), '早报')
  })

  it('is rejected if WeCom would refuse the card', () => {
    assert.throws(() => welcomeCard('{"card_type": "button_interaction"'), { name: 'CardError', field: 'content' })
    assert.throws(() => welcomeCard('{"card_type": "other"}'), { name: 'CardError', field: 'card_type' })
    const none = JSON.stringify({ ...menu, button_list: [] })
    assert.throws(() => welcomeCard(none), { name: 'CardError', field: 'button_list' })
  })

  describe('with buttons', () => {
    let world: World
    let said: string[] = []
    let pressed: string[] = []

    before(async () => {
      world = await createWorld()
      world.app.middleware(({ content }) => {
        said.push(content!)
        return '用法：……'
      })
      world.app.on('interaction/button', ({ event }: Session) => void pressed.push(event.button!.id))
    })

    after(() => world.close())

    beforeEach(() => {
      [said, pressed] = [[], []]
    })

    it('is sent on each first visit, and its buttons keep working', async () => {
      const { dispose } = world.add({ welcome: JSON.stringify(menu) })
      const client = world.client()
      const { msgtype, template_card: card } = (await client.post(client.enterChat({ userId: 'A' }))).reply!
      const { template_card: other } = (await client.post(client.enterChat({ userId: 'B' }))).reply!
      assert.equal(msgtype, 'template_card')
      assert.deepEqual(card, { ...menu, task_id: card.task_id })
      assert.notEqual(card.task_id, other.task_id)
      for (const [eventKey, name] of [['i:usage', '用法'], ['report', '反馈'], ['i:usage', '用法']]) {
        const { reply } = await client.post(client.cardClick({ taskId: card.task_id, eventKey }, { userId: 'A' }))
        const { sub_title_text: shown, ...rest } = reply!.template_card
        assert.equal(shown, `已选择：${name}`)
        assert.deepEqual(rest, card)
      }
      assert.deepEqual(pressed, ['usage', 'report', 'usage'])
      assert.deepEqual(said, ['usage', 'usage'])
      await dispose()
    })

    it('is validated when the bot starts', async () => {
      const { dispose } = world.add({ welcome: JSON.stringify({ ...menu, button_list: [] }) })
      await new Promise(setImmediate)
      assert.match(world.log.text, /template card: "button_list" must be a list of 1 to 6/)
      assert.deepEqual(world.app.bots.length, 0)
      await dispose()
    })
  })
})

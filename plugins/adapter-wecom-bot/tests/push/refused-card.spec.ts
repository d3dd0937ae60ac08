import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { h } from 'koishi'
import type { World } from '../support/world'
import { createWorld } from '../support/world'

describe('a card that WeCom would refuse', () => {
  let world: World
  let answer: h.Fragment = ''

  before(async () => {
    world = await createWorld()
    world.add({ firstReply: 4000 })
    world.app.middleware(async (session: Session) => {
      await session.send(answer)
    })
  })

  after(() => world.close())

  beforeEach(() => void world.log.lines.splice(0))

  const wrong = h('wecom-bot:card', {}, [])
  wrong.attrs.content = '{"card_type":"button_interaction","button_list":[]}'

  for (const [name, elements, shown] of [
    ['after them', [h.text('请看：'), wrong], '请看：'],
    ['before them', [wrong, h.text('请看上面')], '请看上面'],
    ['between them', [h.text('一'), wrong, h.text('二')], '一二'],
    ['in a paragraph', [h('p', {}, [h.text('段落'), wrong])], '段落'],
    ['beside Markdown', [h('markdown', {}, [h.text('**粗**')]), wrong], '**粗**'],
  ] as const) {
    it(`leaves the words ${name} in the bubble, and the log says what is wrong`, async () => {
      answer = [...elements]
      const client = world.client()
      const { stream, template_card: card } = (await client.post(client.text('hi'))).reply!
      assert.deepEqual([stream!.content, stream!.finish, card], [shown, true, undefined])
      assert.match(world.log.text, /CardError: template card/)
    })
  }

  it('leaves nothing if it comes alone', async () => {
    answer = [wrong]
    const client = world.client()
    assert.equal((await client.post(client.text('hi'))).reply, undefined)
    assert.match(world.log.text, /CardError: template card/)
  })
})

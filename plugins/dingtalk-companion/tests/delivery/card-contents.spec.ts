import assert from 'node:assert/strict'
import { h } from 'koishi'
import type { Session } from 'koishi'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

describe('a card', () => {
  let rig: Rig

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online()
  }

  afterEach(() => rig.close())

  const markdown = (text: string, state?: string) => h('markdown', state ? { state } : {}, h.text(text))

  /** A turn that shows one text, and then another in its place. */
  async function edit(first: string, last: string, conversationId?: string) {
    const { session, endChain } = await rig.turn(conversationId, 'alice')
    const [id] = await session.send(markdown(first, 'typing'))
    await rig.until(() => !!rig.platform.cards[0]?.content, 100)
    const shown = rig.platform.cards[0].content
    await rig.bot.editMessage(session.channelId!, id, markdown(last))
    await rig.settled(endChain())
    return shown
  }

  it('ends at 3,000 characters, and the text goes on in messages', async () => {
    await start()
    const text = Array.from({ length: 100 }, (_, index) => `第 ${index} 段${'。'.repeat(50)}`).join('\n\n')
    await edit('第 0 段', text)
    const [card] = rig.platform.cards
    assert.equal(card.state, 'finished')
    assert.ok(card.content.length <= 3000 && card.content.length > 2500, `${card.content.length}`)
    assert.equal([card.content, ...rig.texts].join('\n\n'), text)
  })

  it('takes no more updates when it is full', async () => {
    await start({ config: { streaming: 'live' } })
    const { session, endChain } = await rig.turn(undefined, 'alice')
    const [id] = await session.send(markdown('字'.repeat(3500), 'typing'))
    for (let length = 3600; length < 5000; length += 100) {
      await rig.bot.editMessage(session.channelId!, id, markdown('字'.repeat(length), 'typing'))
      await rig.clock.advance(1000)
      await rig.until(() => rig.platform.cards[0]?.content.length === 3000, 100)
    }
    const frames = rig.platform.cards[0].frames.length
    assert.equal(frames, 1)
    await rig.bot.editMessage(session.channelId!, id, markdown('字'.repeat(5000)))
    await rig.settled(endChain())
    assert.equal(rig.platform.cards[0].content + rig.texts.join(''), '字'.repeat(5000))
  })

  it('is as long as the text when that is wanted', async () => {
    await start({ config: { splitCards: false } })
    await edit('字', '字'.repeat(4000))
    assert.deepEqual([rig.platform.cards[0].content.length, rig.texts], [4000, []])
  })

  it('mentions the person who asked in a group', async () => {
    await start()
    await edit('说', '说完', 'cidGROUP')
    assert.deepEqual(rig.platform.cards[0].mentions, { alice: 'alice' })
  })

  for (const [name, options, conversationId] of [
    ['direct chats', {}, undefined], ['groups when that is off', { config: { mentionAsker: false } }, 'cidGROUP'],
  ] as const) {
    it(`mentions no one in ${name}`, async () => {
      await start(options)
      await edit('说', '说完', conversationId)
      assert.equal(rig.platform.cards[0].mentions, undefined)
    })
  }

  it('shows thoughts as a quotation, which messages leave out', async () => {
    await start()
    const shown = await edit('<think>\n先想\n再想\n', '<think>\n先想\n再想\n</think>\n\n答案')
    assert.equal(shown, '> 先想\n> 再想')
    assert.match(rig.platform.cards[0].content, /^> 先想\n> 再想\n\n答案$/)
    await rig.close()
    await start({ config: { cardTemplateId: undefined } })
    await rig.bot.sendMessage('cidGROUP', markdown('<think>\n想\n</think>\n\n答案'))
    assert.deepEqual(rig.texts, ['答案'])
  })

  it('uses the template and the variable of its app', async () => {
    await start({ config: { apps: [
      { clientId: 'dingother', cardTemplateId: 'other.schema', cardVariable: 'other' },
      { clientId: 'dingkey', cardTemplateId: 'own.schema', cardVariable: 'msg' },
    ] } })
    await edit('说', '说完')
    const [{ templateId, key, params }] = rig.platform.cards
    assert.deepEqual([templateId, key, params!.msg], ['own.schema', 'msg', ''])
  })

  describe('with buttons', () => {
    const buttons = h.parse('选一个<button id="yes" type="action">好</button><button type="input" text="/帮助">帮助</button>'
      + '<button type="link" href="https://a.b/c">打开</button>')

    it('gets them as the variable `buttons`, and emits interaction/button for a click', async () => {
      await start()
      const clicks: Session[] = []
      rig.app.on('interaction/button', session => void clicks.push(session))
      const { session, endChain } = await rig.turn('cidGROUP', 'alice')
      await session.send(buttons)
      await rig.settled(endChain())
      const [card] = rig.platform.cards
      assert.deepEqual([card.content, card.state], ['选一个', 'finished'])
      assert.deepEqual(JSON.parse(card.params!.buttons), [
        { text: '好', id: 'yes', url: '' }, { text: '帮助', id: 'input:/帮助', url: '' }, { text: '打开', id: '', url: 'https://a.b/c' },
      ])
      await rig.platform.click(card, { userId: 'bob', actionId: 'button', params: { id: 'yes' } })
      await rig.until(() => clicks.length === 1)
      const { event, userId, channelId, isDirect } = clicks[0]
      assert.deepEqual([event.button?.id, userId, channelId, isDirect], ['yes', 'bob', 'cidGROUP', false])
    })

    it('becomes a message with links where there is no template', async () => {
      await start({ config: { cardTemplateId: undefined } })
      const { session, endChain } = await rig.turn('cidGROUP', 'alice')
      await session.send(buttons)
      await rig.settled(endChain())
      assert.deepEqual(rig.texts, [
        '选一个\n\n[帮助](dtmd://dingtalkclient/sendMessage?content=%2F%E5%B8%AE%E5%8A%A9) [打开](https://a.b/c)',
      ])
    })
  })
})

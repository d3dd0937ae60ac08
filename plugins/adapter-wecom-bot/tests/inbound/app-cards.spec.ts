import assert from 'node:assert/strict'
import { h } from 'koishi'
import { cards } from '../support/cards'
import { app, XmlWorld } from '../support/xml-world'

describe('PassiveHandler: a click on a card of a self-built app', () => {
  const xml = new XmlWorld()

  const press = (taskId: string, key: string, at = 1700000000, more = '') => xml.client.event('template_card_event',
    `<EventKey><![CDATA[${key}]]></EventKey><TaskId><![CDATA[${taskId}]]></TaskId>`
    + `<CardType>button_interaction</CardType><ResponseCode><![CDATA[SECRET-CODE]]></ResponseCode>${more}`, at)
  const pressed = () => xml.events.filter(({ type }) => type === 'interaction/button').map(({ data }) => (data.button as { id: string }).id)
  const update = (name: string) => ({
    userids: ['zhangsan'], agentid: 1000002, response_code: 'SECRET-CODE', button: { replace_name: name },
  })

  it('closes the card once, and can be answered in the reply', async () => {
    const bot = xml.start(app)
    await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.button_interaction }))
    assert.equal(xml.api.messages[0].msgtype, 'template_card')
    bot.ctx.once('interaction/button', session => void session.send('部署中'))
    const { content } = await xml.client.post(press('deploy-42@1', 'yes'))
    await xml.until(() => xml.api.updates.length)
    assert.equal(content, '部署中')
    assert.deepEqual(xml.api.updates, [update('是')])
    assert.equal((await xml.client.post(press('deploy-42@1', 'no', 1700000009))).raw, '')
    assert.deepEqual(pressed(), ['yes'])
    assert.equal(JSON.stringify(xml.events).includes('SECRET-CODE'), false)
    assert.deepEqual(xml.world.log.warnings, [])
  })

  it('can be on the submit button, with the selected options', async () => {
    const bot = xml.start(app)
    await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.vote_interaction }))
    const chosen = '<SelectedItems><SelectedItem><QuestionKey>lunch</QuestionKey><OptionIds><OptionId>a</OptionId></OptionIds></SelectedItem></SelectedItems>'
    await xml.client.post(press('lunch@1', 'vote', undefined, chosen))
    await xml.until(() => xml.api.updates.length)
    assert.deepEqual(xml.api.updates, [update('投票')])
    const { click } = xml.events.find(({ type }) => type === 'wecom-bot/card-click')!.data as { click: { selected: object } }
    assert.deepEqual(click.selected, { lunch: ['a'] })
  })

  it('changes nothing for an unknown card or a menu', async () => {
    const bot = xml.start(app)
    await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.text_notice }))
    await xml.client.post(press('other', 'yes'))
    await xml.client.post(xml.client.event('template_card_menu_event', '<EventKey>mute</EventKey><TaskId>notice@1</TaskId>'))
    assert.deepEqual(pressed(), ['yes', 'mute'])
    assert.deepEqual(xml.api.updates, [])
  })

  it('logs why a card cannot be closed', async () => {
    const bot = xml.start(app)
    await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.button_interaction }))
    xml.api.answers['message/update_template_card'] = [{ errcode: 60020, errmsg: 'not allow, from ip: 203.0.113.9' }]
    await xml.client.post(press('deploy-42@1', 'yes'))
    await xml.until(() => xml.world.log.warnings.length)
    assert.match(xml.world.log.warnings[0], /60020/)
    assert.doesNotMatch(xml.world.log.text, /SECRET/)
    assert.deepEqual(pressed(), ['yes'])
  })
})

import assert from 'node:assert/strict'
import { dingtalkErrors, scenarios } from 'testkit'
import { DingtalkInstance } from '../support/dingtalk-instance'

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

/** A part of an answer: a picture of about this many bytes. */
function picture(bytes = 0, head = PNG, mimeType = 'image/png') {
  return { inlineData: { mimeType, data: Buffer.concat([head, Buffer.alloc(bytes)]).toString('base64') } }
}

const markdown = [
  '## 二、报销', '', '**注意：**请在 10~25 日提交，详见 https://oa.example.com/doc，逾期不候。', '',
  '| 项目 | 标准 |', '| --- | --- |', '| 交通 | 高铁<br>二等座 |', '',
  '- [x] 填[申请表](https://oa.example.com/申请 表.pdf)', '- <b>重点：</b>请看 H<sub>2</sub>O',
].join('\n')

const rest = ['- ☑ 填[申请表](https://oa.example.com/申请%20表.pdf)', '- **重点：**·请看 H₂O']
const notice = '**注意：**·请在 10\\~25 日提交，详见 https://oa.example.com/doc·，逾期不候。'

/** Spaces that keep marks apart made visible, and blanks at the ends of lines removed. */
const visible = (text: string) => text.replaceAll('\u200a', '·').replace(/ +$/gm, '')

describe('answers on DingTalk with the complete instance', function() {
  this.timeout(240_000)

  let on: DingtalkInstance

  afterEach(() => on.close())

  const sent = () => on.dingtalk.messages.map(({ msgKey, param }) => param.text ?? msgKey)
  const until = (count: number) => on.until(() => on.dingtalk.messages.length >= count, `${count} messages`)

  it('have their pictures uploaded, and only a word about them kept', async () => {
    on = await DingtalkInstance.start()
    const { dingtalk, gemini } = on
    gemini.respond(scenarios.text('图：', picture(1_500_000), picture(100, Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1'), 'image/webp')), scenarios.text('好'))
    await dingtalk.say('画两张', { userId: 'alice' })
    await until(3)
    assert.deepEqual(sent(), ['图：', 'sampleImageMsg', 'sampleFile'])
    const uploads = [...dingtalk.uploads.values()]
    assert.deepEqual(uploads.map(({ type }) => type), ['image', 'file'])
    assert.equal(dingtalk.messages[1].param.photoURL, [...dingtalk.uploads.keys()][0])
    await dingtalk.say('再说', { userId: 'alice' })
    await until(4)
    const { contents } = gemini.requests.at(-1)!.body
    assert.deepEqual(contents[1], { role: 'model', parts: [{ text: '图：[image][image]' }] })
    assert.ok(!JSON.stringify(contents).includes('inlineData'))
  })

  it('say so where a picture cannot be uploaded', async () => {
    on = await DingtalkInstance.start()
    on.gemini.respond(scenarios.text('图：', picture()))
    on.dingtalk.fail('upload', dingtalkErrors.oldApiError(40006, '不合法的媒体文件大小') as never)
    await on.dingtalk.say('画一张', { userId: 'alice' })
    await until(2)
    assert.match(sent().join('\n'), /^图：\n（回答里有图片，但没能发出来，请让我用文字描述。）$/)
  })

  it('have Markdown as messages show it', async () => {
    on = await DingtalkInstance.start()
    on.gemini.respond(scenarios.text(markdown))
    await on.dingtalk.say('报销', { userId: 'alice' })
    await until(1)
    assert.equal(visible(sent()[0]), ['## 二、报销', '', notice, '', '- **交通**', '  - 标准: 高铁；二等座', '', ...rest].join('\n'))
  })

  it('have Markdown as cards show it, and a picture below', async () => {
    on = await DingtalkInstance.start({ DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' })
    const pieces = markdown.match(/[^]{1,4}/gu)!
    on.gemini.respond({ ...scenarios.text(...pieces, picture()), gap: 30 })
    await on.dingtalk.say('报销', { userId: 'alice' })
    const [card] = await on.cards(1)
    const table = ['| 项目 | 标准 |', '| --- | --- |', '| 交通 | 高铁；二等座 |']
    assert.equal(visible(card.content), ['## 二、报销', '', notice, '', ...table, '', ...rest].join('\n'))
    await until(1)
    assert.deepEqual(sent(), ['sampleImageMsg'])
  })
})

import assert from 'node:assert/strict'
import { WecomClient, createGemini, createWecom, scenarios } from 'testkit'
import type { Gemini, Payload, StreamFrame, Wecom } from 'testkit'
import { Instance } from '../support/instance'

const TOKEN = 'conversationToken'
const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
const OTHER_KEY = 'b'.repeat(43)
const GROUP = 'wrGROUP'
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

/** A part of an answer: a picture of about this many bytes. */
function picture(bytes = 0, head = PNG, mimeType = 'image/png') {
  return { inlineData: { mimeType, data: Buffer.concat([head, Buffer.alloc(bytes)]).toString('base64') } }
}

const WEBP = Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1')

/** Spaces that keep marks apart, made visible. */
const visible = (text: string) => text.replaceAll('\u200a', '·')

describe('answers and files on WeCom with the complete instance', function() {
  this.timeout(240_000)

  let gemini: Gemini
  let wecom: Wecom
  let instance: Instance
  let client: WecomClient

  before(async () => {
    gemini = await createGemini()
    wecom = await createWecom({ encodingAESKey: KEY })
    instance = await Instance.start({
      env: {
        WECOM_BOT_TOKEN: TOKEN, WECOM_BOT_ENCODING_AES_KEY: KEY, WECOM_BOT_NAME: '小助手',
        WECOM_BOT_API_ENDPOINT: wecom.origin, WECOM_BOT_TRUSTED_HOSTS: '127.0.0.1', WECOM_BOT_WEBHOOK_KEY: 'GROUPKEY',
        GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url,
      },
    })
    client = new WecomClient({
      url: `http://127.0.0.1:${instance.port}/api/wecom/callback`, token: TOKEN, encodingAESKey: KEY, botName: '小助手',
      pollInterval: 20, wecom,
    })
    await instance.ready()
  })

  beforeEach(() => {
    wecom.webhooks.length = 0
    wecom.uploads.length = 0
  })

  after(async () => {
    await instance.close()
    await wecom.close()
    await gemini.close()
  })

  let people = 0

  /** Asks as a person without a history, unless named. */
  async function ask(message: string | Payload, options: { userId?: string, chatId?: string } = {}) {
    const frames: StreamFrame[] = []
    for await (const frame of client.ask(message, { userId: `person-${people++}`, ...options })) frames.push(frame)
    return frames
  }

  async function answer(...asked: Parameters<typeof ask>) {
    const { content, finish } = (await ask(...asked)).at(-1)!
    assert.equal(finish, true)
    return content
  }

  /** What the model was sent last. */
  const contents = () => gemini.requests.at(-1)!.body.contents as { parts: { text?: string, inlineData?: object }[] }[]

  describe('a picture', () => {
    it('comes with the last frame, and only a word about it is kept', async () => {
      gemini.respond(scenarios.text('图：', picture(300_000)), scenarios.text('好'))
      const last = (await ask('画一张', { userId: 'painter' })).at(-1)!
      assert.equal(last.content, '图：')
      const [{ image }, ...more] = last.raw.stream!.msg_item!
      assert.equal(Buffer.from(image!.base64!, 'base64').length, PNG.length + 300_000)
      assert.deepEqual(more, [])
      assert.equal(await answer('再说', { userId: 'painter' }), '好')
      assert.deepEqual(contents()[1], { role: 'model', parts: [{ text: '图：[image]' }] })
      assert.ok(!JSON.stringify(contents()).includes('inlineData'))
    })

    it('may be the whole answer', async () => {
      gemini.respond(scenarios.text(picture()))
      const last = (await ask('画一张')).at(-1)!
      assert.equal(last.raw.stream!.msg_item!.length, 1)
      assert.ok(last.content.trim())
    })

    it('that is too large for the bubble goes to the group, and the bubble says so', async () => {
      gemini.respond(scenarios.text('图：', picture(1_500_000)))
      assert.equal(await answer('画', { chatId: GROUP }), '图：\n\n（图片另发了消息。）')
      assert.deepEqual(wecom.webhooks.map(({ key, body, errcode }) => [key, body.msgtype, errcode]), [['GROUPKEY', 'image', 0]])
    })

    it('that the group takes only as a file is one', async () => {
      gemini.respond(scenarios.text('图：', picture(3_000_000), picture(100, WEBP, 'image/webp')))
      assert.equal(await answer('画', { chatId: GROUP }), '图：\n\n（图片另发了消息。）')
      assert.deepEqual(wecom.webhooks.map(({ body, errcode }) => [body.msgtype, errcode]), [['file', 0], ['file', 0]])
      assert.deepEqual(wecom.uploads.map(({ filename }) => filename), ['image.png', 'image.webp'])
    })

    it('that a direct chat cannot show is told of', async () => {
      gemini.respond(scenarios.text('图：', picture(1_500_000)), scenarios.text('图：', picture(100, WEBP, 'image/webp')))
      assert.equal(await answer('画'), '图：\n\n[图片：过大或过多，未发送]')
      assert.equal(await answer('画'), '图：\n\n[图片：只支持 JPG 和 PNG]')
    })
  })

  describe('Markdown', () => {
    const markdown = [
      '## 二、报销', '', '**注意：**请在 10~25 日提交，夜间 5~8℃，详见 https://oa.example.com/doc，逾期不候。', '',
      '| 项目 | 标准 |', '| --- | --- |', '| 交通 | 高铁<br>二等座 |', '',
      '- [x] 填[申请表](https://oa.example.com/申请 表.pdf)', '- <b>重点：</b>请看 H<sub>2</sub>O', '',
      '```js', 'const a = "<br>" // **注意：**请', '```',
    ].join('\n')
    const shown = [
      '## 二、报销', '', '**注意：**·请在 10·~25 日提交，夜间 5·~8℃，详见 https://oa.example.com/doc·，逾期不候。', '',
      '| 项目 | 标准 |', '| --- | --- |', '| 交通 | 高铁；二等座 |', '',
      '- ☑ 填[申请表](https://oa.example.com/申请%20表.pdf)', '- **重点：**·请看 H₂O', '',
      '```js', 'const a = "<br>" // **注意：**请', '```',
    ].join('\n')

    it('is brought into the dialect of WeCom while it grows, and what is shown does not move', async () => {
      const characters = [...markdown]
      const pieces = Array.from({ length: Math.ceil(characters.length / 3) }, (_, index) => characters.slice(index * 3, index * 3 + 3).join(''))
      gemini.respond({ ...scenarios.text(...pieces), gap: 25 })
      const frames = await ask('报销')
      assert.equal(visible(frames.at(-1)!.content), shown)
      const growing = frames.slice(0, -1).map(({ content }) => visible(content))
      const opened = growing.filter(content => content.startsWith('##'))
      assert.ok(opened.length > 2, `only ${opened.length} states were seen`)
      for (const content of opened) {
        // What is open at the end, such as a block of code, is closed for display.
        const text = content.replace(/[\s·*~`]+$/, '')
        assert.ok(shown.startsWith(text), text)
      }
    })

    it('that is whole reads the same in a group', async () => {
      gemini.respond(scenarios.text(markdown))
      assert.equal(visible(await answer('报销', { chatId: GROUP })), shown)
    })
  })

  describe('a file', () => {
    const csv = Buffer.from('品名,价格\n螺丝,3')

    for (const [name, options] of Object.entries({
      'as WeCom names it': {},
      'in the extended form': { disposition: 'extended' },
      'in GBK': { disposition: 'attachment; filename="%B1%A8%BC%DB%B5%A5.csv"' },
      'in GBK in the extended form': { disposition: 'attachment; filename*=GBK\'\'%B1%A8%BC%DB%B5%A5.csv' },
    })) {
      it(`reaches the model by its name, ${name}, also with the next question`, async () => {
        gemini.respond(scenarios.text('看了'), scenarios.text('是'))
        const userId = `reader-${name}`
        await answer(client.file(wecom.media(csv, '报价单.csv', options), { userId }), { userId })
        assert.match(contents()[0].parts[0].text!, /^\[file\] 报价单\.csv$/)
        await answer('哪个便宜', { userId })
        assert.match(contents()[0].parts[0].text!, /^\[file\] 报价单\.csv$/)
      })
    }

    for (const [name, sent, expected] of [
      ['too large', () => wecom.media(Buffer.alloc(9 << 20, 1), '大.bin'), /^（太大，没有看：.*一个文件最多 8 MB/],
      ['larger than the adapter takes', () => wecom.media(Buffer.alloc(21 << 20, 1), '大.bin'), /^（太大，没有看：文件。一个文件最多 8 MB/],
      ['encrypted with another key', () => wecom.media(csv, 'a.csv', { key: Buffer.from(`${OTHER_KEY}=`, 'base64') }), /^（解不开，没有看：文件。请重新发给我/],
      ['of an unknown format', () => wecom.media(Buffer.from('AC1032\0\0\0'), '图纸.dwg'), /^（格式不支持，没有看：图纸\.dwg。）$/],
      ['gone', () => `${wecom.origin}/media/none?sign=x`, /^（已经取不到了，可能过期了，没有看：文件。请重新发给我。）$/],
    ] as const) {
      it(`that is ${name} is told of with the reason`, async () => {
        const before = gemini.requests.length
        assert.match(await answer(client.file(sent())), expected)
        assert.equal(gemini.requests.length, before)
      })
    }

    it('whose link has expired is told of beside the answer to the words', async () => {
      gemini.respond(scenarios.text('只看到文字。'))
      wecom.fail('media', { status: 403 })
      assert.match(await answer(client.mixed(['看看这个', { image: wecom.media(PNG, 'a.png') }])), /^只看到文字。\n\n（已经取不到了.*：图片。/)
    })
  })

  it('what it cannot read of a message leaves a trace in the question', async () => {
    gemini.respond(scenarios.text('好'))
    const payload = client.mixed(['总结一下'])
    const { msg_item: items } = payload.mixed as { msg_item: object[] }
    items.push({ msgtype: 'chatrecord', chatrecord: {} })
    await answer(payload)
    assert.match(gemini.requests.at(-1)!.question, /总结一下[^]*\[无法读取的消息：chatrecord\]/)
    await answer(client.quote(client.message('chatrecord', {}), '总结一下'))
    assert.match(gemini.requests.at(-1)!.question, /> \[无法读取的消息：chatrecord\][^]*总结一下/)
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { h } from 'koishi'
import type { Wecom } from 'testkit'
import { createWecom } from 'testkit'
import type { Instance } from '../support/koishi'
import { startBot } from '../support/koishi'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

interface Failure extends Error {
  code?: string
  field?: string
}

describe('push', () => {
  let wecom: Wecom
  let instance: Instance

  before(async () => {
    wecom = await createWecom()
  })

  after(() => wecom.close())

  beforeEach(async () => {
    wecom.webhooks.length = 0
    wecom.uploads.length = 0
    instance = await startBot({
      apiEndpoint: wecom.origin,
      webhookKey: `DEFAULT-${Math.random()}`,
      webhooks: { 'wr-own': `OWN-${Math.random()}`, 'wr-url': wecom.webhookUrl(`URL-${Math.random()}`) },
    })
  })

  afterEach(() => instance.stop())

  const bodies = () => wecom.webhooks.map(({ body }) => body)

  async function send(...elements: h[]) {
    await instance.bot.createMessage('webhook', elements)
    assert.ok(wecom.webhooks.every(({ errcode }) => !errcode))
    return bodies()
  }

  describe('finds its webhook', () => {
    it('by chat, key and URL', async () => {
      await instance.bot.sendMessage('wr-own', 'a')
      await instance.bot.sendMessage('wr-url', 'b')
      await instance.bot.sendMessage('webhook', 'c')
      assert.deepEqual(wecom.webhooks.map(({ key }) => key.split('-')[0]), ['OWN', 'URL', 'DEFAULT'])
      assert.deepEqual(bodies().map(body => body.markdown_v2.content), ['a', 'b', 'c'])
    })

    it('and fails without one, or if it might reach other people', async () => {
      for (const channelId of ['wr-other', 'private:unknown-user', 'toString', '__proto__']) {
        await assert.rejects(instance.bot.createMessage(channelId, 'x'), (error: Failure) => {
          assert.equal(error.code, 'wecom-bot/no-route')
          assert.match(error.message, new RegExp(`cannot send to ${channelId}`))
          return true
        })
      }
      assert.equal(wecom.webhooks.length, 0)
    })
  })

  it('emits wecom-bot/send-failed with the error that it throws', async () => {
    const failures: unknown[] = []
    instance.app.on('wecom-bot/send-failed', ({ channelId }, error, source) => void failures.push([channelId, error, source]))
    const error = await instance.bot.sendMessage('wr-other', 'x').then(() => undefined, (error: unknown) => error)
    assert.ok(error instanceof Error)
    assert.deepEqual(failures, [['wr-other', error, undefined]])
  })

  it('emits send, and sends nothing for no elements', async () => {
    const sent: string[] = []
    instance.app.on('send', session => void sent.push(session.content!))
    await instance.bot.sendMessage('webhook', h('b', 'x'))
    await instance.bot.sendMessage('webhook', [])
    await instance.bot.sendMessage('webhook', h.text('  '))
    assert.deepEqual(sent, ['<b>x</b>'])
  })

  describe('with mentions', () => {
    it('is a text message that mentions the elements only', async () => {
      const [body] = await send(h.text('hello <@evil> @all '), h.at('zhangsan'), h('p', [h.at('lisi'), h.text('ok')]), h('at', { type: 'all' }))
      assert.deepEqual(body, {
        msgtype: 'text',
        text: { content: 'hello <@evil> @all\n\nok', mentioned_list: ['zhangsan', 'lisi', '@all'] },
      })
    })

    it('ignores mentions in text and Markdown', async () => {
      const model = '<at id="zhangsan"/> <at type="all"/> <@zhangsan> @all'
      const [body] = await send(h.text(model), h('markdown', h.text(model)), h('at', { type: 'here' }), h('at', { role: '1' }))
      assert.equal(body.msgtype, 'markdown_v2')
      assert.equal(JSON.stringify(body).includes('mentioned'), false)
    })

    it('converts the rest to plain text', async () => {
      const [body] = await send(h.at('u'), h('markdown', h.text('# T\n**b** `c*d*`\n```js\nx * y\n```\n[a](https://b.example)')))
      assert.equal(body.text.content, 'T\nb c*d*\nx * y\na (https://b.example)')
    })

    it('names the mentioned people if there is no text', async () => {
      const [body] = await send(h.at('u'))
      assert.deepEqual(body.text, { content: '@u', mentioned_list: ['u'] })
    })

    it('mentions people in the first of several messages only', async () => {
      const text = '你好，世界。'.repeat(400)
      const sent = await send(h.at('u'), h.text(text))
      assert.ok(sent.length > 1)
      assert.equal(sent.map(body => body.text.content).join(''), text)
      assert.deepEqual(sent.map(body => body.text.mentioned_list), [['u'], ...Array(sent.length - 1).fill(undefined)])
      for (const { text } of sent) assert.ok(Buffer.byteLength(text.content) <= 2048)
    })
  })

  it('splits long Markdown into messages of 4,096 bytes', async () => {
    const lines = Array.from({ length: 600 }, (_, index) => `第 ${index} 行，😀`)
    const sent = await send(h('markdown', h.text(lines.join('\n'))))
    assert.ok(sent.length > 1)
    for (const { markdown_v2: { content } } of sent) assert.ok(Buffer.byteLength(content) <= 4096)
    assert.deepEqual(sent.map(body => body.markdown_v2.content).join('\n').split('\n'), lines)
  })

  describe('with pictures and files', () => {
    it('keeps their order', async () => {
      const sent = await send(
        h.text('one'), h('p', [h.text('two'), h.image(png, 'image/png'), h.text('three')]),
        h.file(Buffer.from('content'), 'text/plain', { title: 'a "b" 文.txt' }), h.text('four'),
      )
      assert.deepEqual(sent.map(body => body.msgtype), ['markdown_v2', 'image', 'markdown_v2', 'file', 'markdown_v2'])
      assert.deepEqual(sent[1].image, { base64: png.toString('base64'), md5: createHash('md5').update(png).digest('hex') })
      assert.deepEqual([sent[0], sent[2], sent[4]].map(body => body.markdown_v2.content), ['one\n\ntwo', 'three', 'four'])
      const [upload] = wecom.uploads
      assert.equal(upload.data.toString(), 'content')
      assert.equal(upload.filename, 'a %22b%22 文.txt')
      assert.equal(sent[3].file.media_id, upload.mediaId)
    })

    it('keeps the order of messages while files are uploaded', async () => {
      wecom.fail('upload', { errcode: 40005 })
      const failed = instance.bot.createMessage('webhook', [h.text('before'), h.file(Buffer.from('content'), 'text/plain'), h.text('behind')])
      await new Promise(setImmediate)
      const follows = instance.bot.createMessage('webhook', 'next')
      await assert.rejects(failed, (error: Failure) => {
        assert.match(error.message, /2 of 3 messages not delivered: .*40005/)
        return true
      })
      await follows
      assert.deepEqual(bodies().map(body => body.markdown_v2.content), ['before', 'next'])
    })

    it('sends other formats and large images as files', async () => {
      const gif = Buffer.from('GIF89a..........')
      const large = Buffer.concat([png, Buffer.alloc(2 << 20)])
      const sent = await send(h.image(gif, 'image/gif'), h.image(large, 'image/png'))
      assert.deepEqual(sent.map(body => body.msgtype), ['file', 'file'])
      assert.deepEqual(wecom.uploads.map(upload => upload.filename), ['image.gif', 'image.png'])
    })

    it('sends AMR as voice', async () => {
      const [body] = await send(h.audio(Buffer.from('#!AMR\n......'), 'audio/amr'))
      assert.equal(body.msgtype, 'voice')
      assert.equal(wecom.uploads[0].type, 'voice')
    })

    it('shows a placeholder for files that are too large or too small', async () => {
      const [body] = await send(
        h.file(Buffer.alloc((20 << 20) + 1), 'text/plain', { title: 'big.bin' }), h.file(Buffer.from('12345'), 'text/plain', { title: 'small' }))
      assert.equal(body.markdown_v2.content, '[big.bin：过大，未发送]\n\n[small：过小，未发送]')
    })

    it('reads internal: URLs', async () => {
      instance.bot.defineInternalRoute('/picture', async () => ({
        status: 200,
        headers: new Headers({ 'content-type': 'image/png' }),
        body: png.buffer.slice(png.byteOffset, png.byteOffset + png.length) as ArrayBuffer,
      }))
      const [body] = await send(h.image(instance.bot.getInternalUrl('/picture')))
      assert.equal(body.image.base64, png.toString('base64'))
    })

    it('never reads local files', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'push-'))
      const path = join(folder, 'secret.txt')
      writeFileSync(path, 'secret secret')
      try {
        for (const src of [pathToFileURL(path).href, path, 'file:' + path, 'FILE://localhost' + path]) {
          await send(h.file(src), h.image(src))
        }
      } finally {
        rmSync(folder, { recursive: true })
      }
      assert.equal(wecom.uploads.length, 0)
      assert.equal(JSON.stringify(bodies()).includes('secret secret'), false)
    })
  })

  it('rejects files at private addresses, unless the host is trusted', async () => {
    let asked = 0
    const server = createServer((_, response) => {
      asked++
      response.end(png)
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const src = `http://${host}/a%20b.png?x=1`
    const trusting = await startBot({ apiEndpoint: wecom.origin, webhookKey: 'TRUSTING', trustedHosts: [host] })
    try {
      const [link] = await send(h.file(src))
      assert.equal(link.markdown_v2.content, `[文件](${src})`)
      assert.equal(asked, 0)
      assert.match(instance.lines.join('\n'), /private network/)
      assert.equal(instance.lines.join('\n').includes(host), false)
      await trusting.bot.createMessage('webhook', [h.image(src), h.file(src)])
      assert.equal(asked, 2)
      assert.deepEqual(bodies().slice(1).map(body => body.msgtype), ['image', 'file'])
      assert.equal(wecom.uploads[0].filename, 'a b.png')
    } finally {
      await trusting.stop()
      server.closeAllConnections()
      server.close()
    }
  })

  it('leaves web images as links', async () => {
    const [body] = await send(h.text('see '), h.image('https://picture.example/a.png'))
    assert.equal(body.markdown_v2.content, 'see\n\n![](https://picture.example/a.png)')
  })

  describe('of news', () => {
    const article = { title: 'T', description: 'D', url: 'https://a.example', picurl: 'https://a.example/p.png' }

    it('accepts articles as children and as data', async () => {
      const children = h('wecom-bot:news', [h('wecom-bot:article', article)])
      const data = h('wecom-bot:news', { content: [article] })
      const markup = h('wecom-bot:news', { content: JSON.stringify([article]) })
      for (const body of await send(children, data, markup)) {
        assert.deepEqual(body, { msgtype: 'news', news: { articles: [article] } })
      }
    })

    for (const [field, content] of Object.entries({
      articles: [],
      'articles[0].title': [{ url: 'https://a.example' }],
      'articles[0].url': [{ title: 'T', url: 'javascript:x' }],
      'articles[0].picurl': [{ ...article, picurl: 'x' }],
    })) {
      it(`rejects a wrong ${field}`, async () => {
        await assert.rejects(instance.bot.createMessage('webhook', h('wecom-bot:news', { content })), (error: Failure) => {
          assert.equal(error.name, 'NewsError')
          assert.equal(error.field, field)
          return true
        })
        assert.equal(wecom.webhooks.length, 0)
      })
    }
  })

  describe('of cards', () => {
    const notice = { card_type: 'text_notice', sub_title_text: 'x', card_action: { type: 1, url: 'https://a.example' } }
    const card = (content: unknown) => h('wecom-bot:card', { content })

    it('accepts notices, also with a file', async () => {
      const rows = [{ type: 2, keyname: 'f', value: 'v', media_id: 'M' }]
      const content = { ...notice, horizontal_content_list: rows }
      const sent = await send(card(content), card(JSON.stringify(notice)))
      assert.deepEqual(sent, [content, notice].map(template_card => ({ msgtype: 'template_card', template_card })))
    })

    for (const [field, content] of [
      ['card_type', { card_type: 'button_interaction', main_title: { title: 'x' }, button_list: [], task_id: 't' }],
      ['card_type', null],
      ['task_id', { ...notice, task_id: 't' }],
      ['action_menu', { ...notice, action_menu: {} }],
      ['horizontal_content_list[0].media_id', { ...notice, horizontal_content_list: [{ type: 2, keyname: 'f' }] }],
      ['card_action', { card_type: 'text_notice', sub_title_text: 'x' }],
      ['content', '{'],
    ] as const) {
      it(`rejects a wrong ${field} before anything is sent`, async () => {
        await assert.rejects(instance.bot.createMessage('webhook', [h.text('x'), card(content)]), (error: Failure) => {
          assert.equal(error.name, 'CardError')
          assert.equal(error.field, field)
          return true
        })
        assert.equal(wecom.webhooks.length, 0)
      })
    }
  })

  it('keeps the key out of errors and the log', async () => {
    const { webhookKey } = instance.bot.config
    wecom.fail('webhook', { errcode: 93000 })
    wecom.fail('webhook', { status: 502, body: '<html>' })
    for (const pattern of [/93000.*webhook/, /unconfirmed/]) {
      await assert.rejects(instance.bot.createMessage('webhook', 'x'), (error: Failure) => {
        assert.match(error.message, pattern)
        assert.equal(String(error.stack).includes(webhookKey!), false)
        return true
      })
    }
    assert.equal(instance.lines.join('\n').includes(webhookKey!), false)
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Wecom } from '../../src'
import { createWecom, decodeKey, decryptMedia, manualClock } from '../../src'
import { credentials } from './reference-bot'

const minute = 60 * 1000
const png = Buffer.from('89504e470d0a1a0a', 'hex')

describe('createWecom', () => {
  const clock = manualClock()
  let wecom: Wecom

  beforeEach(async () => {
    wecom = await createWecom({ clock, encodingAESKey: credentials.encodingAESKey })
  })

  afterEach(() => wecom.close())

  async function post(url: string, body: unknown): Promise<number> {
    const response = await fetch(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
    assert.equal(response.status, 200)
    const { errcode, errmsg } = await response.json() as { errcode: number, errmsg: string }
    assert.equal(errmsg === 'ok', errcode === 0)
    return errcode
  }

  const markdown = (content: string) => ({ msgtype: 'markdown', markdown: { content } })
  const card = { msgtype: 'template_card', template_card: { card_type: 'text_notice' } }

  describe('response_url', () => {
    it('accepts one message', async () => {
      const url = wecom.issueResponseUrl()
      assert.equal(await post(url, markdown('hi')), 0)
      assert.equal(await post(url, markdown('again')), 40029)
      assert.deepEqual(wecom.responses.map(({ body, errcode }) => [body.markdown.content, errcode]), [['hi', 0], ['again', 40029]])
      assert(url.endsWith(wecom.responses[0].code))
    })

    it('expires after an hour', async () => {
      const [fresh, stale] = [wecom.issueResponseUrl(), wecom.issueResponseUrl()]
      clock.advance(60 * minute)
      assert.equal(await post(fresh, markdown('hi')), 0)
      clock.advance(1)
      assert.equal(await post(stale, markdown('hi')), 40029)
    })

    it('is used up by a rejected message', async () => {
      const cases: [body: unknown, errcode: number][] = [
        ['{', 47001],
        [{ msgtype: 'text', text: { content: 'hi' } }, 40008],
        [{ response_type: 'update_template_card', ...card, msgtype: undefined }, 40008],
        [markdown(''), 44004],
        [markdown('好'.repeat(6827)), 40058],
        [{ msgtype: 'template_card' }, 40058],
      ]
      for (const [body, errcode] of cases) {
        const url = wecom.issueResponseUrl()
        assert.equal(await post(url, body), errcode)
        assert.equal(await post(url, markdown('hi')), 40029)
      }
    })

    it('accepts 20480 bytes, and cards in direct chats', async () => {
      assert.equal(await post(wecom.issueResponseUrl(), markdown('好'.repeat(6826) + 'ab')), 0)
      assert.equal(await post(wecom.issueResponseUrl(), card), 0)
      assert.equal(await post(wecom.issueResponseUrl('group'), card), 40008)
    })

    it('injects failures without being used up', async () => {
      const url = wecom.issueResponseUrl()
      wecom.fail('response', { status: 503 })
      wecom.fail('response', { reset: true })
      wecom.fail('response', { errcode: -1 })
      assert.equal((await fetch(url, { method: 'POST' })).status, 503)
      await assert.rejects(fetch(url, { method: 'POST' }))
      assert.equal(await post(url, markdown('hi')), -1)
      assert.equal(await post(url, markdown('hi')), 0)
      assert.equal(wecom.responses.length, 1)
    })
  })

  describe('group webhook', () => {
    const image = (bytes: Buffer, md5 = createHash('md5').update(bytes).digest('hex')) => {
      return { msgtype: 'image', image: { base64: bytes.toString('base64'), md5 } }
    }
    const article = { title: 'a', url: 'https://a.example' }

    const cases: [name: string, body: unknown, errcode: number][] = [
      ['2048 bytes of text', { msgtype: 'text', text: { content: 'a'.repeat(2048) } }, 0],
      ['2049 bytes of text', { msgtype: 'text', text: { content: 'a'.repeat(2049) } }, 40058],
      ['4096 bytes of markdown', markdown('a'.repeat(4096)), 0],
      ['4097 bytes of markdown', markdown('a'.repeat(4097)), 40058],
      ['4096 bytes of markdown_v2', { msgtype: 'markdown_v2', markdown_v2: { content: '好'.repeat(1365) + 'a' } }, 0],
      ['4097 bytes of markdown_v2', { msgtype: 'markdown_v2', markdown_v2: { content: '好'.repeat(1366) } }, 40058],
      ['an empty message', markdown(''), 44004],
      ['a picture', image(png), 0],
      ['a picture with a wrong md5', image(png, '0'), 301019],
      ['a picture of more than 2 MB', image(Buffer.concat([png, Buffer.alloc(2 * 1024 * 1024)])), 40009],
      ['a picture of another kind', image(Buffer.from('GIF89a')), 40004],
      ['eight articles', { msgtype: 'news', news: { articles: Array(8).fill(article) } }, 0],
      ['nine articles', { msgtype: 'news', news: { articles: Array(9).fill(article) } }, 45008],
      ['no articles', { msgtype: 'news', news: { articles: [] } }, 44003],
      ['an article without url', { msgtype: 'news', news: { articles: [{ title: 'a' }] } }, 40058],
      ['a card', card, 0],
      ['an interactive card', { msgtype: 'template_card', template_card: { card_type: 'vote_interaction' } }, 40058],
      ['a stream', { msgtype: 'stream', stream: { id: 'S' } }, 40008],
      ['an unknown media_id', { msgtype: 'file', file: { media_id: 'M' } }, 40007],
      ['malformed JSON', '{', 47001],
    ]
    for (const [name, body, errcode] of cases) {
      it(`answers ${errcode} to ${name}`, async () => {
        assert.equal(await post(wecom.webhookUrl(), body), errcode)
        assert.equal(wecom.webhooks[0].errcode, errcode)
        assert.equal(wecom.webhooks[0].key, 'KEY')
      })
    }

    it('accepts 20 messages a minute', async () => {
      for (let i = 0; i < 20; i++) {
        assert.equal(await post(wecom.webhookUrl(), markdown(`${i}`)), 0)
        clock.advance(1000)
      }
      assert.equal(await post(wecom.webhookUrl(), markdown('20')), 45009)
      assert.equal(await post(wecom.webhookUrl('OTHER'), markdown('20')), 0)
      clock.advance(39999)
      assert.equal(await post(wecom.webhookUrl(), markdown('20')), 45009)
      clock.advance(1)
      assert.equal(await post(wecom.webhookUrl(), markdown('20')), 0)
      assert.equal(await post(wecom.webhookUrl(), markdown('21')), 45009)
    })

    it('rejects unknown keys', async () => {
      const strict = await createWecom({ webhookKeys: ['A'] })
      try {
        assert.equal(await post(strict.webhookUrl('A'), markdown('a')), 0)
        assert.equal(await post(strict.webhookUrl('B'), markdown('a')), 93000)
      } finally {
        await strict.close()
      }
    })

    interface Uploaded { errcode: number, type?: string, media_id?: string, created_at?: string }

    async function upload(bytes: Uint8Array, type = 'file', name = '报告.txt', field = 'media') {
      const form = new FormData()
      form.append(field, new Blob([bytes]), name)
      const url = wecom.webhookUrl().replace('send', 'upload_media')
      const response = await fetch(`${url}&type=${type}`, { method: 'POST', body: form })
      return await response.json() as Uploaded
    }

    it('keeps uploaded files for three days', async () => {
      const { errcode, type, media_id, created_at } = await upload(Buffer.from('a\r\n--b\r\n'))
      assert.deepEqual([errcode, type, typeof created_at], [0, 'file', 'string'])
      assert.deepEqual(wecom.uploads.map(({ filename, data }) => [filename, data.toString()]), [['报告.txt', 'a\r\n--b\r\n']])
      const file = { msgtype: 'file', file: { media_id } }
      assert.equal(await post(wecom.webhookUrl(), file), 0)
      assert.equal(await post(wecom.webhookUrl('OTHER'), file), 40007)
      assert.equal(await post(wecom.webhookUrl(), { msgtype: 'voice', voice: { media_id } }), 40007)
      clock.advance(3 * 24 * 60 * minute)
      assert.equal(await post(wecom.webhookUrl(), file), 40007)
    })

    it('accepts files of 6 bytes to 20 MB, and AMR voices up to 2 MB', async () => {
      const megabyte = 1024 * 1024
      const amr = (size: number) => Buffer.concat([Buffer.from('#!AMR\n'), Buffer.alloc(size - 6)])
      assert.equal((await upload(Buffer.alloc(6))).errcode, 0)
      assert.equal((await upload(Buffer.alloc(5))).errcode, 40006)
      assert.equal((await upload(Buffer.alloc(20 * megabyte))).errcode, 0)
      assert.equal((await upload(Buffer.alloc(20 * megabyte + 1))).errcode, 40006)
      assert.equal((await upload(amr(2 * megabyte), 'voice')).errcode, 0)
      assert.equal((await upload(amr(2 * megabyte + 1), 'voice')).errcode, 40006)
      assert.equal((await upload(Buffer.alloc(10), 'voice')).errcode, 40004)
      assert.equal((await upload(Buffer.alloc(10), 'video')).errcode, 40005)
      assert.equal((await upload(Buffer.alloc(10), 'file', 'a', 'file')).errcode, 44001)
    })
  })

  describe('media', () => {
    const key = decodeKey(credentials.encodingAESKey)
    const bytes = Buffer.from('hello wecom media\n')

    it('are encrypted with the bot\'s key and expire after five minutes', async () => {
      const url = wecom.media(bytes, 'a.txt')
      clock.advance(5 * minute)
      const response = await fetch(url)
      const body = Buffer.from(await response.arrayBuffer())
      assert.equal(response.headers.get('content-length'), '32')
      assert.deepEqual(decryptMedia(key, body), bytes)
      clock.advance(1)
      assert.equal((await fetch(url)).status, 403)
      assert.equal((await fetch(wecom.media(bytes, 'a').replace(/.$/, '!'))).status, 403)
      assert.equal((await fetch(`${wecom.origin}/media/none`)).status, 404)
      assert.deepEqual(wecom.downloads.map(({ status }) => status), [200, 403, 403, 404])
    })

    it('can have another key or none', async () => {
      const other = Buffer.alloc(32, 7)
      const read = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer())
      assert.deepEqual(decryptMedia(other, await read(wecom.media(bytes, 'a', { key: other }))), bytes)
      assert.deepEqual(await read(wecom.media(bytes, 'a', { key: false })), bytes)
      const keyless = await createWecom()
      assert.throws(() => keyless.media(bytes, 'a'), /encodingAESKey/)
      await keyless.close()
    })

    it('give their name in every form of Content-Disposition', async () => {
      const header = async (disposition?: string) => {
        return (await fetch(wecom.media(bytes, 'PC D&T 策略.docx', { disposition }))).headers.get('content-disposition')
      }
      assert.equal(await header(), 'attachment; filename=PC+D%26T+%E7%AD%96%E7%95%A5.docx')
      assert.equal(await header('extended'), 'attachment; filename*=UTF-8\'\'PC%20D%26T%20%E7%AD%96%E7%95%A5.docx')
      assert.match((await header('both'))!, /filename=PC\+.*; filename\*=UTF-8/)
      assert.equal(await header('none'), null)
      assert.equal(await header('inline; filename="../a"'), 'inline; filename="../a"')
    })

    it('inject failures', async () => {
      const url = wecom.media(Buffer.alloc(1000), 'a')
      wecom.fail('media', { status: 503 }, 2)
      wecom.fail('media', { reset: true })
      wecom.fail('media', { reset: 100 })
      assert.equal((await fetch(url)).status, 503)
      assert.equal((await fetch(url)).status, 503)
      await assert.rejects(fetch(url))
      const response = await fetch(url)
      assert.equal(response.status, 200)
      await assert.rejects(response.arrayBuffer())
      assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, 1024)
    })
  })
})

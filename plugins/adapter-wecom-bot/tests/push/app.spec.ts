import assert from 'node:assert/strict'
import { HTTP } from '@koishijs/plugin-http'
import { WecomApp } from '../../src/push/app'
import type { MessagePart } from '../../src/push/parts'
import { throughKoishi } from '../../src/api/http'
import type { AppApi } from '../support/app'
import { createAppApi } from '../support/app'
import { FakeClock, until } from 'common/testing'

const markdown = (content: string): MessagePart => ({ type: 'markdown', content })

describe('WecomApp', () => {
  let api: AppApi
  let clock: FakeClock
  let app: WecomApp

  beforeEach(async () => {
    api = await createAppApi()
    clock = new FakeClock()
    app = create()
  })

  afterEach(async () => {
    app.dispose()
    await api.close()
  })

  function create(options: Partial<WecomApp['options']> = {}) {
    const defaults = { corpId: 'wwCORP', agentId: '1000002', secret: 'APP-SECRET', apiEndpoint: api.origin, format: 'markdown' as const }
    return new WecomApp({ ...defaults, ...options }, throughKoishi(new HTTP()), clock)
  }

  const send = (...parts: MessagePart[]) => app.to('zhangsan')!.send(parts)
  const paths = () => api.requests.map(request => request.replace(/^\/cgi-bin\/|\?.*/g, ''))

  describe('requests a token', () => {
    it('once for concurrent messages', async () => {
      await Promise.all([send(markdown('a')), send(markdown('b')), send(markdown('c'))])
      await send(markdown('d'))
      assert.deepEqual(paths().filter(path => path === 'gettoken').length, 1)
      assert.equal(api.messages.length, 4)
    })

    it('again some minutes before it expires', async () => {
      await send(markdown('a'))
      await clock.advance((7200 - 301) * 1000)
      await send(markdown('b'))
      assert.equal(paths().filter(path => path === 'gettoken').length, 1)
      await clock.advance(2000)
      await send(markdown('c'))
      assert.equal(paths().filter(path => path === 'gettoken').length, 2)
    })

    for (const errcode of [40014, 42001]) {
      it(`again if WeCom rejects it (${errcode}), and sends the message once`, async () => {
        await send(markdown('a'))
        api.answers['message/send'] = [{ errcode, errmsg: 'token' }]
        await Promise.all([send(markdown('b')), send(markdown('c'))])
        assert.deepEqual(api.messages.map(({ markdown }) => markdown.content).sort(), ['a', 'b', 'c'])
        assert.equal(paths().filter(path => path === 'gettoken').length, 2)
      })

      it(`once only (${errcode})`, async () => {
        api.answers['message/send'] = Array(2).fill({ errcode, errmsg: 'token' })
        await assert.rejects(send(markdown('a')), { code: 'wecom-bot/delivery-refused', message: new RegExp(String(errcode)) })
        assert.deepEqual(paths(), ['gettoken', 'message/send', 'gettoken', 'message/send'])
      })
    }

    it('and reports why it gets none', async () => {
      for (const [options, pattern] of [
        [{ secret: 'WRONG-SECRET' }, /40001.*check "secret"/], [{ corpId: 'wwOTHER' }, /40013.*check "corpId"/],
      ] as const) {
        app = create(options)
        await assert.rejects(send(markdown('a')), (error: Error) => {
          assert.match(error.message, pattern)
          assert.equal(/WRONG-SECRET|APP-SECRET/.test(error.stack!), false)
          return true
        })
      }
    })

    it('again after a failure', async () => {
      api.answers.gettoken = [{ errcode: 40001, errmsg: 'invalid' }]
      await assert.rejects(send(markdown('a')))
      await send(markdown('a'))
      assert.equal(api.messages.length, 1)
    })
  })

  it('sends to one person only', () => {
    for (const userId of ['@all', 'a|b', '', '@x']) assert.equal(app.to(userId), undefined)
  })

  it('splits long texts into messages of 2,048 bytes', async () => {
    const lines = Array.from({ length: 400 }, (_, index) => `第 ${index} 行`)
    await send(markdown(lines.join('\n')))
    assert.ok(api.messages.length > 1)
    for (const { markdown: { content } } of api.messages) assert.ok(Buffer.byteLength(content) <= 2048)
    assert.deepEqual(api.messages.map(({ markdown }) => markdown.content).join('\n').split('\n'), lines)
  })

  it('sends plain text without HTML links', async () => {
    app = create({ format: 'text' })
    await send(markdown('**b** <a href="https://x.example">x</a>'), { type: 'text', content: '<A>', users: ['u'] })
    assert.deepEqual(api.messages.map(({ text }) => text.content), ['b <\u200ba href="https://x.example">x<\u200b/a>', '<\u200bA>'])
  })

  it('sends pictures, files, voice, news and cards in order', async () => {
    const card = { card_type: 'button_interaction', main_title: { title: 't' }, button_list: [{ text: 'b', key: 'k' }], task_id: 'id' }
    await send(
      { type: 'image', data: Buffer.from('png') }, markdown('x'), { type: 'file', name: 'a.txt', data: Buffer.from('file') },
      { type: 'voice', name: 'a.amr', data: Buffer.from('voice') }, { type: 'news', articles: [{ title: 't', url: 'https://a.example' }] },
      { type: 'card', card },
    )
    assert.deepEqual(api.messages.map(({ msgtype }) => msgtype), ['image', 'markdown', 'file', 'voice', 'news', 'template_card'])
    assert.deepEqual(api.uploads.map(({ type, bytes }) => [type, bytes.toString()]), [['image', 'png'], ['file', 'file'], ['voice', 'voice']])
    assert.match(api.messages[0].image.media_id, /^MEDIA-/)
    assert.deepEqual(api.messages[5].template_card, card)
    for (const { touser, agentid } of api.messages) assert.deepEqual([touser, agentid], ['zhangsan', 1000002])
  })

  it('rejects an invalid card before anything is sent', async () => {
    await assert.rejects(send(markdown('x'), { type: 'card', card: { card_type: 'vote_interaction' } }), { name: 'CardError' })
    assert.equal(api.requests.length, 0)
  })

  it('sends the words beside a card that WeCom refuses, and reports the card', async () => {
    api.answers['message/send'] = [{ errcode: 0, errmsg: 'ok', msgid: '1' }, { errcode: 40058, errmsg: 'invalid card' }]
    const card = { card_type: 'text_notice' as const, main_title: { title: 'x' }, card_action: { type: 1, url: 'https://x.example' } }
    const sent = send(markdown('before'), { type: 'card', card: card as never }, markdown('after'))
    await assert.rejects(sent, /1 of 3 messages not delivered.*40058/)
    assert.deepEqual(api.messages.map(({ markdown }) => markdown.content), ['after'])
  })

  it('retries while WeCom is busy', async () => {
    api.answers['message/send'] = [{ errcode: -1, errmsg: 'busy' }]
    const sent = send(markdown('a'))
    await until(() => clock.pending)
    assert.equal(api.messages.length, 0)
    await clock.advance(2000)
    await sent
    assert.equal(api.messages.length, 1)
  })

  it('reports how much was lost, and sends nothing after a failure', async () => {
    api.answers['message/send'] = [{ errcode: 0 }, { errcode: 81013, errmsg: 'x' }]
    await assert.rejects(send(markdown('a'), { type: 'text', content: 'b', users: [] }, markdown('c')), {
      name: 'DeliveryError', code: 'wecom-bot/delivery-refused', message: /^2 of 3 messages not delivered: .*81013.*visib/,
    })
    assert.equal(api.messages.length, 0)
  })

  it('reports which message is unconfirmed', async () => {
    api.answers['message/send'] = [{ errcode: 0 }, {}]
    await assert.rejects(send(markdown('a'), markdown('b'), markdown('c')), {
      name: 'DeliveryError', code: 'wecom-bot/delivery-unconfirmed', message: /^2 of 3 messages not delivered \(the first of them unconfirmed\): /, lost: 2, doubtful: 1,
    })
  })

  it('reports a person who cannot see the app', async () => {
    api.answers['message/send'] = [{ errcode: 0, errmsg: 'ok', invaliduser: 'zhangsan' }]
    await assert.rejects(send(markdown('a')), { code: 'wecom-bot/delivery-refused', message: /not visible to this person/ })
  })

  it('says how to trust this server\'s address', async () => {
    api.answers['message/send'] = [{ errcode: 60020, errmsg: 'not allow to access from your ip, hint: [1], from ip: 2001:db8::1, more' }]
    await assert.rejects(send(markdown('a')), { message: /errcode 60020, .*企业可信IP.*trusted IPs.* \(2001:db8::1\)$/ })
  })

  it('stops retrying when the bot stops', async () => {
    api.answers['message/send'] = [{ errcode: -1, errmsg: 'busy' }]
    const sent = assert.rejects(send(markdown('a')), { code: 'wecom-bot/delivery-unsent' })
    await until(() => clock.pending)
    app.dispose()
    await sent
    assert.equal(clock.pending, 0)
  })

  it('is idle only after it has sent everything', async () => {
    api.answers['message/send'] = [{ errcode: -1, errmsg: 'busy' }]
    const sent = send(markdown('a'))
    await until(() => clock.pending)
    let drained = false
    void app.whenIdle(10_000).then(() => drained = true)
    await clock.advance(1000)
    assert.equal(drained, false)
    await clock.advance(1500)
    await sent
    await clock.advance(100)
    assert.equal(drained, true)
  })

  describe('downloads a file', () => {
    it('with its name', async () => {
      api.media.M = { bytes: Buffer.from('GIF89a....'), name: 'a%20b.gif' }
      assert.deepEqual(await app.media('M', 1000), { data: Buffer.from('GIF89a....'), name: 'a b.gif', type: 'image/gif' })
    })

    it('up to the limit', async () => {
      api.media.M = { bytes: Buffer.alloc(1001) }
      await assert.rejects(app.media('M', 1000), { name: 'MediaError' })
    })

    it('with a new token if the old one is rejected', async () => {
      api.media.M = { bytes: Buffer.from('{"errcode":1}'), name: 'a.json' }
      await send(markdown('x'))
      api.tokens = []
      assert.equal((await app.media('M', 1000)).data.toString(), '{"errcode":1}')
    })

    it('or reports the reason', async () => {
      await assert.rejects(app.media('NONE', 1000), (error: Error) => {
        assert.match(error.message, /40007/)
        assert.equal(/TOKEN/.test(error.stack!), false)
        return true
      })
    })
  })
})

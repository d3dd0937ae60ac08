import assert from 'node:assert/strict'
import type { DeliveryError } from '../../src/api/delivery-error'
import { FallbackDelivery } from '../../src/turn/fallback'
import type { Said } from '../../src/render/said'
import { Turn } from '../../src/turn/turn'
import { Webhook } from '../../src/api/webhook'
import { FakeClock } from 'common/testing'
import { MINUTE, SECOND, notices } from '../support/turns'

const RESPONSE = 'https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=SECRET'
const WEBHOOK = 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=SECRET'

type Fate = 'ok' | 'lost' | 'unsent' | number

/** A fallback delivery with scripted responses of WeCom. */
function createOutlet({ webhook = true } = {}) {
  const clock = new FakeClock()
  const fates: Fate[] = []
  /** Messages that WeCom received, including those whose response was lost. */
  const arrived: { way: 'response' | 'webhook', content?: string, image?: object }[] = []
  const bodies: object[] = []
  const post = async (url: string, body: object) => {
    bodies.push(body)
    const fate = fates.shift() ?? 'ok'
    if (fate === 'unsent') throw Object.assign(new Error(url), { code: 'ECONNREFUSED' })
    const { markdown, markdown_v2, image } = body as Record<string, { content: string }>
    if (typeof fate === 'number') return { errcode: fate, errmsg: 'hint: SECRET' }
    arrived.push(url === RESPONSE ? { way: 'response', ...markdown } : { way: 'webhook', ...image ? { image } : markdown_v2 })
    if (fate === 'lost') throw Object.assign(new Error(url), { code: 'ECONNRESET' })
    return { errcode: 0, errmsg: 'ok' }
  }
  const hook = new Webhook(WEBHOOK, post, clock)
  const fallback = new FallbackDelivery(post, clock, notices, chatId => webhook && chatId === 'GROUP' ? hook : undefined)
  const open = ({ chatId, responseUrl = true }: { chatId?: string, responseUrl?: boolean } = {}) => {
    const owner = { botId: 'AIBOTID', userId: 'USERID', chatId }
    return new Turn('T', 'M', owner, clock.monotonic(), {
      responseUrl: responseUrl ? { url: RESPONSE, used: false } : undefined,
    })
  }
  /** Sends a message, and passes time until the outcome is known. */
  const send = async (turn: Turn, said: string | Said) => {
    const sending = fallback.send(turn, typeof said === 'string' ? { text: said } : said).then(() => undefined, error => error as DeliveryError)
    await clock.advance(10 * MINUTE)
    return sending
  }
  return { clock, fates, arrived, bodies, fallback, open, send }
}

const group = { chatId: 'GROUP' }
const words = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`).join(' ')

describe('FallbackDelivery', () => {
  it('uses response_url first and once, then the webhook of the group', async () => {
    const { arrived, fallback, open, send } = createOutlet()
    const turn = open(group)
    for (const text of ['one', 'two', 'three']) assert.equal(await send(turn, text), undefined)
    assert.deepEqual(arrived, [
      { way: 'response', content: 'one' },
      { way: 'webhook', content: 'two' },
      { way: 'webhook', content: 'three' },
    ])
    assert.equal(fallback.isOpen(turn), true)
  })

  it('closes after response_url in a single chat, or if no webhook is configured', async () => {
    for (const chatId of [undefined, 'OTHER']) {
      const { arrived, fallback, open, send } = createOutlet()
      const turn = open({ chatId })
      assert.equal(fallback.isOpen(turn), true)
      assert.equal(await send(turn, 'one'), undefined)
      assert.equal(fallback.isOpen(turn), false)
      const error = await send(turn, 'two')
      assert.deepEqual([error!.name, error!.code, error!.lost], ['DeliveryError', 'wecom-bot/no-route', 3])
      assert.equal(arrived.length, 1)
    }
  })

  it('is closed without response_url and webhook', async () => {
    const { arrived, fallback, open, send } = createOutlet()
    const turn = open({ responseUrl: false })
    assert.equal(fallback.isOpen(turn), false)
    assert.equal((await send(turn, 'one'))!.code, 'wecom-bot/no-route')
    assert.equal(arrived.length, 0)
  })

  it('never sends from a single chat to a group\'s webhook', async () => {
    const { arrived, open, send, fallback } = createOutlet()
    const turn = open({ responseUrl: false })
    Object.assign(fallback, { webhookOf: () => assert.fail('asked for the webhook of a single chat') })
    assert.equal((await send(turn, 'secret'))!.code, 'wecom-bot/no-route')
    assert.deepEqual(arrived, [])
  })

  it('does not use response_url after an hour', async () => {
    const { clock, arrived, fallback, open, send } = createOutlet()
    const turn = open(group)
    await clock.advance(60 * MINUTE - 1)
    assert.equal(fallback.isOpen(turn), true)
    await clock.advance(1)
    await send(turn, 'late')
    assert.deepEqual(arrived, [{ way: 'webhook', content: 'late' }])
    const single = open()
    await clock.advance(60 * MINUTE)
    assert.equal(fallback.isOpen(single), false)
  })

  it('falls back to the webhook if response_url is refused', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push(40029)
    const turn = open(group)
    assert.equal(await send(turn, 'one'), undefined)
    assert.deepEqual(arrived, [{ way: 'webhook', content: 'one' }])
    assert.equal(turn.responseUrl!.used, true)
  })

  it('reports the lost text if response_url is refused and there is no webhook', async () => {
    const { fates, arrived, fallback, open, send } = createOutlet()
    fates.push(40029)
    const turn = open()
    const error = await send(turn, 'one')
    assert.deepEqual([error!.code, error!.lost], ['wecom-bot/delivery-refused', 3])
    assert.equal(fallback.isOpen(turn), false)
    assert.deepEqual(arrived, [])
  })

  it('does not resend a message without confirmation', async () => {
    const { fates, arrived, fallback, open, send } = createOutlet()
    fates.push('lost')
    const turn = open(group)
    const error = await send(turn, 'one')
    assert.deepEqual([error!.code, error!.lost, error!.doubtful], ['wecom-bot/delivery-unconfirmed', 3, 3])
    assert.match(error!.message, /^3 characters not delivered \(3 of them unconfirmed\): .*unconfirmed, ECONNRESET$/)
    assert.deepEqual(arrived, [{ way: 'response', content: 'one' }])
    assert.equal(turn.responseUrl!.used, true)
    assert.equal(fallback.isOpen(turn), true)
  })

  it('continues after an unconfirmed message, and reports its length', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push('lost')
    const text = words(10_000)
    const error = await send(open(group), text)
    const [first, ...others] = arrived
    assert.equal(first.way, 'response')
    assert.ok(others.length > 1 && others.every(({ way }) => way === 'webhook'))
    assert.equal(arrived.map(({ content }) => content).join(' '), text)
    assert.equal(error!.code, 'wecom-bot/delivery-unconfirmed')
    assert.ok(Math.abs(error!.lost - first.content!.length) <= 1)
    assert.equal(error!.doubtful, error!.lost)
  })

  it('reports unconfirmed and lost text separately', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push('lost', 'ok', 93000)
    const text = words(10_000)
    const error = await send(open(group), text)
    const [first, second] = arrived
    assert.equal(arrived.length, 2)
    assert.equal(error!.code, 'wecom-bot/delivery-refused')
    assert.ok(Math.abs(error!.doubtful - first.content!.length) <= 1)
    assert.ok(Math.abs(error!.lost - (text.length - second.content!.length)) < 16)
    assert.match(error!.message, /unconfirmed, ECONNRESET; \d+ characters not delivered: .*errcode 93000/)
  })

  it('reports an unconfirmed webhook message', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push('ok', 'ok', 'lost')
    const text = words(10_000)
    const error = await send(open(group), text)
    assert.equal(error!.code, 'wecom-bot/delivery-unconfirmed')
    assert.ok(Math.abs(error!.doubtful - arrived.at(-1)!.content!.length) <= 1)
    assert.ok(error!.lost > error!.doubtful)
  })

  it('counts a cut message as unconfirmed as a whole if the rest was not sent', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push('lost')
    const text = words(10_000)
    const error = await send(open(), text)
    assert.equal(arrived.length, 1)
    assert.deepEqual([error!.code, error!.lost], ['wecom-bot/no-route', text.length])
    assert.ok(error!.doubtful > 15_000 && error!.doubtful < error!.lost)
  })

  it('waits for the next minute when WeCom reports its rate limit', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push(40029, 'ok', 45009, 45009)
    const text = words(10_000)
    assert.equal(await send(open(group), text), undefined)
    assert.equal(arrived.map(({ content }) => content).join(' '), text)
  })

  it('reports the lost text if WeCom keeps reporting its rate limit', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push(40029, 'ok', ...Array(4).fill(45009))
    const text = words(10_000)
    const error = await send(open(group), text)
    assert.equal(error!.code, 'wecom-bot/delivery-refused')
    assert.match(error!.message, /45009/)
    assert.ok(Math.abs(text.length - arrived[0].content!.length - error!.lost) < 16)
  })

  it('retries a request that was not sent, and keeps response_url if that fails again', async () => {
    const { fates, arrived, fallback, open, send } = createOutlet()
    fates.push('unsent')
    const turn = open()
    assert.equal(await send(turn, 'one'), undefined)
    assert.deepEqual(arrived, [{ way: 'response', content: 'one' }])

    fates.push('unsent', 'unsent')
    const other = open()
    const error = await send(other, 'two')
    assert.deepEqual([error!.code, error!.lost], ['wecom-bot/delivery-unsent', 3])
    assert.equal(fallback.isOpen(other), true)
    assert.equal(await send(other, 'three'), undefined)
    assert.deepEqual(arrived.at(-1), { way: 'response', content: 'three' })
  })

  it('retries once when WeCom is busy', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push(-1)
    assert.equal(await send(open(), 'one'), undefined)
    assert.deepEqual(arrived, [{ way: 'response', content: 'one' }])

    fates.push(-1, -1)
    const error = await send(open(), 'two')
    assert.deepEqual([error!.code, error!.lost, arrived.length], ['wecom-bot/delivery-refused', 3, 1])
  })

  for (const errcode of [45009, 45033]) {
    it(`waits for the next minute when a response_url reports ${errcode}, like a webhook`, async () => {
      const { fates, arrived, open, send } = createOutlet()
      fates.push(errcode, errcode, errcode)
      assert.equal(await send(open(), 'one'), undefined)
      assert.deepEqual(arrived, [{ way: 'response', content: 'one' }])
      fates.push(...Array(4).fill(errcode))
      const error = await send(open(), 'two')
      assert.deepEqual([error!.code, error!.lost, arrived.length], ['wecom-bot/delivery-refused', 3, 1])
      assert.equal(fates.length, 0)
    })
  }

  it('uses response_url once for two simultaneous messages', async () => {
    const { clock, arrived, fallback, open } = createOutlet()
    const turn = open(group)
    const both = Promise.all([fallback.send(turn, { text: 'one' }), fallback.send(turn, { text: 'two' })])
    await clock.advance(SECOND)
    await both
    assert.deepEqual(arrived.map(({ way }) => way).sort(), ['response', 'webhook'])
  })

  it('continues at the webhook with text that is too long for response_url', async () => {
    const { arrived, open, send } = createOutlet()
    const text = words(10_000)
    assert.equal(await send(open(group), text), undefined)
    assert.deepEqual(arrived.map(({ way }) => way), ['response', ...Array(arrived.length - 1).fill('webhook')])
    assert.equal(arrived.map(({ content }) => content).join(' '), text)
    for (const { way, content } of arrived) {
      assert.ok(Buffer.byteLength(content!) <= (way === 'response' ? 20480 : 4096))
    }
  })

  it('says at the end of a cut message how much is missing', async () => {
    const { arrived, open, send } = createOutlet()
    const text = words(10_000)
    const error = await send(open(), text)
    const [, shown, lost] = /^([^]*)\n\n\((\d+) lost\)$/.exec(arrived[0].content!)!
    assert.ok(Buffer.byteLength(arrived[0].content!) <= 20480)
    assert.ok(text.startsWith(shown))
    assert.equal(shown.length + 1 + Number(lost), text.length)
    assert.deepEqual([error!.code, error!.lost], ['wecom-bot/no-route', Number(lost)])
  })

  it('counts everything as lost if nothing was sent', async () => {
    for (const fate of [93000, 'unsent'] as const) {
      const { fates, arrived, open, send } = createOutlet()
      fates.push(...Array(10).fill(fate))
      const text = words(10_000)
      const error = await send(open(group), { text, images: [{ base64: 'AAAA', md5: '0' }] })
      assert.deepEqual([error!.lost, error!.doubtful], [text.length + '\n\n[图片]'.length, 0])
      assert.equal(arrived.length, 0)
    }
  })

  it('sends everything to the webhook, at its rate, if response_url is refused', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push(40029)
    const text = words(30_000)
    assert.equal(await send(open(group), text), undefined)
    assert.ok(arrived.length > 20)
    assert.equal(arrived.map(({ content }) => content).join(' '), text)
  })

  it('reports the lost text if the webhook fails halfway', async () => {
    const { fates, arrived, open, send } = createOutlet()
    fates.push('ok', 'ok', 93000)
    const text = words(10_000)
    const error = await send(open(group), text)
    const got = arrived.map(({ content }) => content).join(' ')
    assert.equal(arrived.length, 2)
    assert.ok(text.startsWith(got))
    assert.equal(error!.code, 'wecom-bot/delivery-refused')
    assert.ok(Math.abs(text.length - got.length - error!.lost) < 16)
  })

  describe('images', () => {
    const image = { base64: 'iVBORw0KGgo=', md5: '0'.repeat(32) }
    const other = { base64: '/9j/', md5: '1'.repeat(32) }

    it('are sent to a webhook after the text', async () => {
      const { arrived, bodies, open, send } = createOutlet()
      const turn = open({ chatId: 'GROUP', responseUrl: false })
      assert.equal(await send(turn, { text: 'look', images: [image, other] }), undefined)
      assert.deepEqual(arrived, [{ way: 'webhook', content: 'look' }, { way: 'webhook', image }, { way: 'webhook', image: other }])
      assert.deepEqual(bodies[1], { msgtype: 'image', image })
    })

    it('are sent to a webhook after a text that response_url has taken', async () => {
      for (const text of ['look', words(10_000)]) {
        const { arrived, open, send } = createOutlet()
        assert.equal(await send(open(group), { text, images: [image] }), undefined)
        assert.equal(arrived[0].way, 'response')
        assert.deepEqual(arrived.at(-1), { way: 'webhook', image })
        assert.equal(arrived.slice(0, -1).map(({ content }) => content).join(' '), text)
      }
    })

    it('alone leave response_url unused', async () => {
      const { arrived, open, send } = createOutlet()
      const turn = open(group)
      assert.equal(await send(turn, { text: '', images: [image] }), undefined)
      assert.deepEqual(arrived, [{ way: 'webhook', image }])
      assert.equal(turn.responseUrl!.used, false)
    })

    it('are replaced by text without a webhook', async () => {
      const { arrived, open, send } = createOutlet()
      assert.equal(await send(open(), { text: 'look', images: [image, other] }), undefined)
      assert.deepEqual(arrived, [{ way: 'response', content: 'look\n\n[图片] [图片]\n\n(no pictures)' }])
    })

    it('do not keep back each other', async () => {
      const { fates, arrived, open, send } = createOutlet()
      fates.push('ok', 40009)
      const error = await send(open({ chatId: 'GROUP', responseUrl: false }), { text: 'look', images: [image, other] })
      assert.deepEqual([error!.code, error!.lost], ['wecom-bot/delivery-refused', '[图片]'.length])
      assert.deepEqual(arrived, [{ way: 'webhook', content: 'look' }, { way: 'webhook', image: other }])
    })

    it('are reported if they are lost', async () => {
      const { fates, open, send } = createOutlet()
      fates.push('ok', 40009)
      const error = await send(open(group), { text: 'look', images: [image] })
      assert.deepEqual([error!.code, error!.lost], ['wecom-bot/delivery-refused', '[图片]'.length])
    })
  })

  it('keeps addresses and texts out of its errors', async () => {
    for (const fate of ['lost', 'unsent', 93000] as const) {
      const { fates, open, send } = createOutlet()
      fates.push(...Array(10).fill(fate))
      for (const chatId of [undefined, 'GROUP']) {
        const error = await send(open({ chatId }), 'the content')
        assert.doesNotMatch(error!.message, /SECRET|https?:|the content/)
      }
    }
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { HTTP } from '@koishijs/plugin-http'
import type { Wecom } from 'testkit'
import { createWecom } from 'testkit'
import { Concurrency } from '../../src/turn/concurrency'
import { FallbackDelivery } from '../../src/turn/fallback'
import { createPost } from '../../src/api/client'
import { throughKoishi } from '../../src/api/http'
import type { TurnController } from '../../src/turn/turn-controller'
import { TurnRegistry } from '../../src/turn/turn-registry'
import { Webhook } from '../../src/api/webhook'
import { FakeClock } from 'common/testing'
import { MINUTE, SECOND, message, notices, turnOptions } from '../support/turns'

const words = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`).join(' ')
const png = Buffer.from('89504e470d0a1a0a0000', 'hex')
const image = { base64: png.toString('base64'), md5: createHash('md5').update(png).digest('hex') }

describe('delivery of an answer outside its stream', () => {
  let clock: FakeClock
  let wecom: Wecom
  let turns: TurnRegistry
  let webhook: Webhook
  let lost: string[]

  beforeEach(async () => {
    clock = new FakeClock()
    lost = []
    wecom = await createWecom({ clock: { now: () => clock.now(), sleep: async () => {} } })
    const post = createPost(throughKoishi(new HTTP()))
    webhook = new Webhook(wecom.webhookUrl('SECRET'), post, clock)
    turns = new TurnRegistry({
      options: turnOptions,
      notices,
      fallback: new FallbackDelivery(post, clock, notices, chatId => chatId === 'GROUP' ? webhook : undefined),
      streams: { save() {} },
      clock,
      log: {
        deliveryFailed: (_turn, error) => void lost.push((error as Error).message),
        timedOut: () => {},
      },
    }, new Concurrency({ total: 9, user: 9, maxAge: MINUTE }, clock))
  })

  afterEach(async () => {
    turns.dispose()
    webhook.dispose()
    await wecom.close()
  })

  function open(chatId?: string) {
    return turns.open(message({ chatId }), { responseUrl: wecom.issueResponseUrl(chatId ? 'group' : 'single') })
  }

  function poll(turn: TurnController) {
    const { content, finish } = turn.frame()!
    if (finish) turn.confirmFinalFrame(true)
    return finish ? `${content}■` : content
  }

  /** Ends the turn's chain, and advances the clock until `isDone`. */
  async function end(turn: TurnController, isDone: () => boolean) {
    turn.endChain()
    for (let second = 0; !isDone(); second++) {
      assert.ok(second < 300, 'it never came to its end')
      await clock.advance(SECOND)
      // HTTP calls are real and take real time.
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    await new Promise(resolve => setTimeout(resolve, 5))
  }

  const taken = <T extends { errcode: number }>(calls: T[]) => calls.filter(({ errcode }) => !errcode)
  const responses = () => taken(wecom.responses).map(({ body }) => body.markdown.content as string)
  const pushed = () => taken(wecom.webhooks).map(({ body }) => body)
  const texts = () => pushed().map(({ markdown_v2 }) => markdown_v2.content as string)

  it('sends one notice if nothing is left to follow', async () => {
    const turn = open()
    await turn.say({ text: 'all' })
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'all\n\n(later)■')
    await end(turn, () => responses().length > 0)
    await clock.advance(MINUTE)
    assert.deepEqual(responses(), ['(complete)'])
    assert.deepEqual(lost, [])
  })

  it('sends a long answer through the webhook if response_url is refused', async () => {
    wecom.fail('response', { errcode: 40029 })
    const turn = open('GROUP')
    const id = (await turn.say({ text: 'w0' }))!
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'w0\n\n(later)■')
    turn.edit(id, { text: words(20_000) })
    await end(turn, () => texts().join().endsWith(' w19999'))
    assert.ok(texts().length > 20)
    assert.ok(['w0', ...texts()].join(' ') === words(20_000))
    assert.deepEqual([responses(), lost], [[], []])
  })

  it('continues at the webhook after an unconfirmed response_url, and says so in the bubble', async () => {
    wecom.fail('response', { reset: true })
    const turn = open('GROUP')
    await turn.say({ text: words(15_000) })
    await end(turn, () => lost.length > 0)
    const [, shown, doubtful] = /^([^]*)\n\n\(continued\)\n\n\((\d+) unconfirmed\)■$/.exec(poll(turn)!)!
    const between = words(15_000).slice(shown.length, -texts().join(' ').length).trim()
    assert.ok(Math.abs(between.length - Number(doubtful)) <= 2)
    assert.ok(words(15_000).endsWith(texts().join(' ')))
    assert.equal(lost.length, 1)
    assert.match(lost[0], /unconfirmed\): WeCom API call unconfirmed, (?:ECONNRESET|UND_ERR_SOCKET)/)
    await clock.advance(MINUTE)
    assert.equal(wecom.responses.length, 0)
  })

  it('reports what is lost if the webhook is busy, too', async () => {
    wecom.fail('response', { errcode: 40029 })
    wecom.fail('webhook', { errcode: 45009 }, 4)
    const turn = open('GROUP')
    await turn.say({ text: words(5000) })
    await end(turn, () => lost.length > 0)
    const [, shown, missing] = /^([^]*)\n\n\((\d+) lost\)■$/.exec(poll(turn)!)!
    assert.ok(Math.abs(words(5000).length - shown.length - Number(missing)) < 16)
    assert.match(lost.join(), new RegExp(`^${missing} characters not delivered: WeCom API call refused, errcode 45009`))
    assert.deepEqual([responses(), pushed()], [[], []])
  })

  it('sends all of it if WeCom recovers before a poll', async () => {
    wecom.fail('response', { errcode: 40029 })
    wecom.fail('webhook', { errcode: 45009 }, 4)
    const turn = open('GROUP')
    await turn.say({ text: words(5000) })
    await end(turn, () => texts().join().endsWith(' w4999'))
    assert.ok(texts().join(' ') === words(5000))
    assert.equal(poll(turn), '(elsewhere)■')
    assert.equal(lost.length, 1)
  })

  it('reports what is lost without a webhook, in the log if the bubble is closed', async () => {
    wecom.fail('response', { errcode: 40029 })
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.advance(330 * SECOND)
    poll(turn)
    turn.edit(id, { text: 'one two' })
    await end(turn, () => lost.length > 0)
    assert.deepEqual(lost, ['3 characters not delivered: WeCom API call refused, errcode 40029'])
    await assert.rejects(turn.say({ text: 'three' }), { name: 'DeliveryError', code: 'wecom-bot/no-route', lost: 5 })
  })

  it('does not wait for polls, and sends images as images', async () => {
    wecom.fail('response', { errcode: 40029 })
    const turn = open('GROUP')
    poll(turn)
    await turn.say({ text: 'look', images: [image] })
    await end(turn, () => pushed().length > 1)
    assert.deepEqual(pushed(), [
      { msgtype: 'markdown_v2', markdown_v2: { content: 'look' } },
      { msgtype: 'image', image },
    ])
    assert.equal(poll(turn), '(elsewhere)■')
    assert.deepEqual(lost, [])
  })
})

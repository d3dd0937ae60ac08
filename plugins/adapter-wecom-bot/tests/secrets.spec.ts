import assert from 'node:assert/strict'
import { Session } from 'koishi'
import { World, createWorld, encodingAESKey, token } from './support/world'

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

const hidden = {
  token,
  encodingAESKey,
  previousToken: 'previousTokenSecret',
  previousEncodingAESKey: 'c'.repeat(43),
  healthToken: 'healthTokenSecret',
  webhookKey: 'webhookKeySecret',
  response: 'response_code',
  said: 'what people say',
  answer: 'what the bot answers',
}

describe('the log', () => {
  let world: World
  let answer: (session: Session) => unknown = () => hidden.answer

  before(async () => {
    world = await createWorld()
    world.app.middleware(session => answer(session) as never)
  })

  after(() => world.close())

  function settings() {
    const { previousToken, previousEncodingAESKey, healthToken, webhookKey } = hidden
    return { previousToken, previousEncodingAESKey, healthToken, webhookKey, firstReply: 4000 }
  }

  function assertClean() {
    const { text } = world.log
    for (const [name, secret] of Object.entries(hidden)) assert.ok(!text.includes(secret), `${name}:\n${text}`)
  }

  /** Says something after the stream is closed, so that it has to take another way. */
  async function sayLate(options: { chatId?: string }) {
    const client = world.client()
    let late: Session
    answer = (session) => {
      late = session
      return hidden.answer
    }
    const { reply } = await client.post(client.text(hidden.said, options))
    assert.equal(reply!.stream!.finish, true)
    await pause(30)
    return late!.send(hidden.answer)
  }

  it('names no secret while all goes well, at its chattiest', async () => {
    const { dispose } = world.add(settings())
    assert.equal((await world.client().verify()).ok, true)
    await sayLate({ chatId: 'GROUP' })
    await dispose()
    assertClean()
    assert.equal(world.wecom.responses.at(-1)!.errcode, 0)
  })

  it('says that an answer is lost, and not where it went or what it was', async () => {
    const { dispose } = world.add(settings())
    for (const failure of [{ errcode: 40008 }, { reset: true as const }, { status: 502, body: hidden.answer }]) {
      world.log.lines.splice(0)
      world.wecom.fail('response', failure)
      await sayLate({})
      assert.match(world.log.text, /characters are lost/)
      assertClean()
    }
    await dispose()
  })

  it('says that an address is not trusted, and not which', async () => {
    const { dispose } = world.add({ ...settings(), trustedHosts: [], apiEndpoint: 'https://qyapi.weixin.qq.com' })
    world.log.lines.splice(0)
    await sayLate({})
    assert.match(world.log.text, /untrusted host/)
    assertClean()
    await dispose()
  })

  it('says why a webhook does not take a message, and not which', async () => {
    const { dispose } = world.add(settings())
    world.wecom.fail('response', { errcode: 40008 })
    world.wecom.fail('webhook', { errcode: 93000 })
    world.log.lines.splice(0)
    await sayLate({ chatId: 'GROUP' })
    assert.match(world.log.text, /93000/)
    assertClean()
    await dispose()
  })

  it('says what is wrong with a key, and not what it is', async () => {
    const key = 'x'.repeat(20) + 'SECRET'
    assert.throws(() => world.add({ encodingAESKey: key }), error => !(error as Error).message.includes(key))
    await pause(10)
    assertClean()
  })
})

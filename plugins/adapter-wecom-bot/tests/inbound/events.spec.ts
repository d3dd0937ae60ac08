import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import type { WecomClient } from 'testkit'
import type { World } from '../support/world'
import { createWorld } from '../support/world'

describe('events', () => {
  let world: World
  let bot: ReturnType<World['add']>['bot']
  let client: WecomClient
  let silent: WecomClient
  /** Events that plugins received, by name. */
  let told: [name: string, data: Record<string, unknown>, session: Session][] = []
  let answer: () => unknown = () => 'hello'

  before(async () => {
    world = await createWorld()
    const { app } = world
    app.middleware(() => answer() as never)
    for (const name of ['enter-chat', 'feedback', 'auth_change_event', 'message']) {
      app.on(`wecom-bot/${name}` as never, ((data: Record<string, unknown>, session: Session) => {
        told.push([name, data, session])
      }) as never)
    }
    ;({ bot } = world.add({ welcome: '你好，我是小助手。\n发送 help 查看用法。', firstReply: 4000 }))
    world.add({ botId: 'SILENT', token: 'silent', feedback: false, firstReply: 4000 })
    client = world.client()
    silent = world.client({ botId: 'SILENT', token: 'silent' })
  })

  after(() => world.close())

  beforeEach(() => {
    told = []
    world.log.lines.splice(0)
    answer = () => 'hello'
  })

  afterEach(() => {
    assert.deepEqual(world.log.warnings, [])
  })

  it('welcome a person on the first visit of a day, and notify plugins', async () => {
    const { reply } = await client.post(client.enterChat({ userId: 'A', createTime: 17e8 }))
    assert.deepEqual(reply, { msgtype: 'text', text: { content: '你好，我是小助手。\n发送 help 查看用法。' } })
    const [[name, data, session], ...others] = told
    assert.deepEqual([name, others], ['enter-chat', []])
    assert.deepEqual([data.type, data.userId, data.createTime, data.chatId], ['enter-chat', 'A', 17e8, undefined])
    assert.deepEqual([session.platform, session.selfId], ['wecom-bot', 'wecom-bot'])
  })

  it('notify plugins of a visit without a welcome', async () => {
    const { status, raw } = await silent.post(silent.enterChat())
    assert.deepEqual([status, raw], [200, ''])
    assert.deepEqual(told.map(([name]) => name), ['enter-chat'])
  })

  it('let plugins send a welcome to a known chat', async () => {
    await client.post(client.enterChat({ userId: 'A' }))
    assert.deepEqual(await bot.createDirectChannel(told[0][1].userId as string), { id: 'private:A', type: 1 })
  })

  it('ask for feedback in the first frame of an answer', async () => {
    const { stream } = (await client.post(client.text('hi'))).reply!
    assert.deepEqual(stream!.feedback, { id: stream!.id })
    assert.equal((await silent.post(silent.text('hi'))).reply!.stream!.feedback, undefined)
  })

  it('report feedback and every change of it, and list all of it', async () => {
    const { stream } = (await client.post(client.text('hi'))).reply!
    const { id } = stream!.feedback!
    const opinions = [
      [{ type: 1 }, { opinion: 'like', text: '', reasons: [] }],
      [{ type: 2, content: '答非所问', reasons: [1, 4] }, { opinion: 'dislike', text: '答非所问', reasons: [1, 4] }],
      [{ type: 3 }, { opinion: 'withdrawn', text: '', reasons: [] }],
    ] as const
    for (const [said, opinion] of opinions) {
      const { status, raw } = await client.post(client.feedback({ id, ...said, reasons: 'reasons' in said ? [...said.reasons] : undefined }, { userId: 'A' }))
      assert.deepEqual([status, raw], [200, ''])
      const [name, { feedback, userId }] = told.at(-1)!
      assert.deepEqual([name, feedback, userId], ['feedback', { id, ...opinion }, 'A'])
      const [kept, ...others] = await bot.getFeedback(id)
      assert.deepEqual({ ...kept, time: 0 }, { ...opinion, userId: 'A', time: 0 })
      assert.ok(Math.abs(kept.time - Date.now()) < 5000)
      assert.deepEqual(others, [])
    }
    await client.post(client.feedback({ id, type: 2, reasons: [3] }, { userId: 'B', chatId: 'wrGROUP' }))
    assert.deepEqual((await bot.getFeedback(id)).map(({ userId, opinion }) => userId + opinion), ['Awithdrawn', 'Bdislike'])
    assert.deepEqual(await bot.getFeedback('unknown'), [])
  })

  it('report feedback on an answer that is long forgotten', async () => {
    await client.post(client.feedback({ id: 'LONG-AGO', type: 1 }))
    assert.deepEqual((await bot.getFeedback('LONG-AGO')).map(({ opinion }) => opinion), ['like'])
    assert.equal(told.length, 1)
  })

  it('of unknown types reach plugins, and get an empty reply', async () => {
    for (const event of ['auth_change_event', 'enter_check_update', 'constructor', '__proto__']) {
      const { status, raw } = await client.post(client.event(event, { auth_list: [1] }))
      assert.deepEqual([status, raw], [200, ''])
    }
    const { status, raw } = await client.post({ ...client.event('x'), event: {} })
    assert.deepEqual([status, raw], [200, ''])
    assert.deepEqual(told.map(([name]) => name), ['auth_change_event'])
  })

  it('do not reach plugins for callbacks that are not events', async () => {
    await client.post(client.text('hi'))
    assert.deepEqual(told, [])
  })

  it('do not contain the address for the reply to a click', async () => {
    let data: unknown
    const off = world.app.on('wecom-bot/card-click', event => void (data = event))
    await client.post(client.cardClick({ taskId: 'T', eventKey: 'k' }))
    off()
    assert.ok(data)
    assert.ok(!JSON.stringify(data).includes('response'))
  })

  it('have their own types, and name the bot', async () => {
    const heard: [id: string, opinion: string, from: typeof bot][] = []
    const off = world.app.on('wecom-bot/feedback', ({ feedback: { id, opinion } }, from) => {
      heard.push([id, opinion, from])
    })
    await client.post(client.feedback({ id: 'F', type: 1 }))
    off()
    assert.deepEqual(heard.map(([id, opinion]) => [id, opinion]), [['F', 'like']])
    assert.equal(heard[0][2].selfId, bot.selfId)
  })
})

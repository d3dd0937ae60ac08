import assert from 'node:assert/strict'
import { DatabaseAccess, rowKey } from 'common/database'
import { MessageDeduplicator } from '../../src/stream/dedupe'
import { Rig, tick } from '../support/rig'

describe('MessageDeduplicator', () => {
  let rig: Rig
  let taken: string[]

  const listen = () => rig.app.middleware((session) => { taken.push(session.content!) })

  async function say(text: string, msgId: string) {
    await rig.platform.say(text, { msgId })
    for (let index = 0; index < 20; index++) await tick()
  }

  beforeEach(async () => {
    taken = []
    rig = await (await Rig.start({ database: true })).online()
    listen()
  })

  afterEach(() => rig.close())

  it('passes a repeated message once, also after a restart', async () => {
    await say('一', '1')
    await say('一', '1')
    await rig.stop()
    rig = await (await Rig.start({ after: rig })).online()
    listen()
    await say('一', '1')
    await say('二', '2')
    assert.deepEqual(taken, ['一', '二'])
  })

  for (const step of [3_600_000, -3_600_000]) {
    it(`passes it once where the clock was set by ${step / 60_000} minutes, also in another process`, async () => {
      const { app, clock } = rig
      const logger = { info() {}, warn: () => assert.fail('the database failed') }
      const restarted = () => {
        return new MessageDeduplicator(new DatabaseAccess(app, { clock, logger, subject: 'seen messages' }), clock)
      }
      const message = (id: number) => ({ id, selfId: 'dingkey', messageId: 'msg' })
      const first = restarted()
      assert.equal(await first.isRepeated(message(1)), false)
      clock.step(step)
      assert.equal(await first.isRepeated(message(2)), true)
      // A clock that was set forward makes the stored row too old: only what this process has seen counts then.
      assert.equal(await restarted().isRepeated(message(3)), step < 0)
    })
  }

  it('passes it once to plugins that come before all others, too', async () => {
    rig.app.middleware((session, next) => {
      taken.push(`first: ${session.content}`)
      return next()
    }, { prepend: true, global: true } as never)
    await say('一', '1')
    await say('一', '1')
    assert.deepEqual(taken, ['first: 一', '一'])
  })

  it('tells messages apart whose ids differ only for a strict database', async () => {
    for (const id of ['msgA==', 'msga==', 'msgA== ', ' msgA==', 'ｍsgA==', 'x'.repeat(300), `${'x'.repeat(300)}y`]) await say(id, id)
    assert.equal(taken.length, 7)
  })

  it('passes a message to one of several processes', async () => {
    const { app, clock } = rig
    const logger = { info() {}, warn: () => assert.fail('the database failed') }
    // Each process has its own memory of messages, and they share the database.
    const processes = Array.from({ length: 5 }, () => {
      return new MessageDeduplicator(new DatabaseAccess(app, { clock, logger, subject: 'seen messages' }), clock)
    })
    for (let count = 0; count < 10; count++) {
      const session = { id: count, selfId: 'dingkey', messageId: `msg-${count}` }
      const repeated = await Promise.all(processes.map(one => one.isRepeated(session)))
      assert.equal(repeated.filter(isRepeated => !isRepeated).length, 1)
    }
  })

  it('passes a message when the database does not answer', async () => {
    const get = rig.app.database.get.bind(rig.app.database) as (...args: unknown[]) => Promise<unknown>
    rig.app.database.get = ((table: string, ...rest: unknown[]) => {
      return table === 'gemini_dingtalk_message' ? new Promise(() => {}) : get(table, ...rest)
    }) as never
    void rig.platform.say('一', { msgId: '1' })
    await rig.until(() => taken.length === 1, 500)
    await say('一', '1')
    assert.deepEqual(taken, ['一'])
  })

  it('forgets a message after ten minutes', async () => {
    await say('一', '1')
    await rig.clock.advance(600_000)
    await say('二', '2')
    assert.deepEqual((await rig.app.database.get('gemini_dingtalk_message', {})).map(({ id }) => id), [rowKey('dingkey', '2')])
  })
})

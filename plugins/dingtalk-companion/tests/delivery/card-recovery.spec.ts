import assert from 'node:assert/strict'
import { dingtalkErrors } from 'testkit'
import { Rig, tick } from '../support/rig'

describe('closeLeftOpenCards', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await (await Rig.start({ database: true })).online()
  })

  afterEach(() => rig.close())

  const card = () => rig.platform.cards[0]
  const rows = () => rig.app.database.get('gemini_dingtalk_card', {})

  /** Leaves a card open, as if the process had been killed. */
  async function orphan(content = '说到一半') {
    const answer = await rig.answer()
    answer.update(content)
    await rig.until(() => card()?.frames.length > 0, 100)
    rig.platform.fail('streaming', 'reset', 4)
    const before = rig
    await rig.settled(rig.app.parallel('exit', 'SIGKILL'))
    assert.equal((await rows()).length, 1)
    await before.stop()
  }

  it('closes a card at the next start, with its text and a note', async () => {
    await orphan()
    rig = await (await Rig.start({ after: rig })).online()
    await rig.until(() => card().state === 'finished', 100)
    assert.equal(card().content, '说到一半\n\n（回答在这里中断了。）')
    for (let index = 0; index < 20; index++) await tick()
    assert.deepEqual(await rows(), [])
  })

  it('tries again when DingTalk refused for the moment', async () => {
    await orphan()
    rig.platform.fail('streaming', dingtalkErrors.countLimit())
    rig = await (await Rig.start({ after: rig })).online()
    await rig.until(() => rig.warnings.length > 0, 100)
    rig.platform.stream.disconnect()
    await rig.until(() => card().state === 'finished', 100)
  })

  it('closes a card at the next start when the plugin had gone without a valid token', async () => {
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => card()?.frames.length > 0, 100)
    rig.platform.expireTokens()
    rig.platform.fail('token', 'reset', 100)
    rig.fork.dispose()
    await rig.until(() => rig.platform.calls.some(({ api, code }) => api === 'streaming' && code !== undefined), 10)
    for (let index = 0; index < 50; index++) await tick()
    assert.equal((await rows()).length, 1)
    await rig.stop()
    rig.platform.recover()
    rig = await (await Rig.start({ after: rig })).online()
    await rig.until(() => card().state === 'finished', 100)
  })

  it('closes a card that could not be closed, in a quarter of a minute, over the same connection', async () => {
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => card()?.frames.length > 0, 100)
    rig.platform.fail('streaming', 'reset', 1000)
    await rig.settled(answer.finish('说到一半'))
    assert.notEqual(card().state, 'finished')
    await rig.recovered()
    rig.platform.recover()
    await rig.clock.advance(15_000)
    await rig.until(() => card().state === 'finished')
    assert.equal(card().content, '说到一半')
    while ((await rows()).length) await tick()
  })

  it('tries less and less often to close a card while DingTalk refuses', async () => {
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => card()?.frames.length > 0, 100)
    rig.platform.fail('streaming', dingtalkErrors.countLimit(), 10_000)
    await rig.settled(answer.finish('说到一半，又说完了'))
    const tries = () => rig.calls.filter(api => api === 'streaming').length
    const before = tries()
    for (let minute = 0; minute < 120; minute++) {
      await rig.clock.advance(60_000)
      await rig.recovered()
    }
    assert.ok(tries() - before >= 5 && tries() - before <= 12, `${tries() - before} tries in two hours`)
  })

  it('leaves a finished card alone whose row could not be removed, and removes it afterwards', async () => {
    const { database } = rig.app
    const answer = await rig.answer()
    answer.update('说到一半')
    await rig.until(() => card()?.frames.length > 0, 100)
    const change = { remove: database.remove, set: database.set }
    for (const method of ['remove', 'set'] as const) {
      database[method] = (async () => {
        throw new Error('disk I/O error')
      }) as never
    }
    await rig.settled(answer.finish('说到一半，又说完了'))
    assert.equal(card().state, 'finished')
    Object.assign(database, change)
    assert.equal((await rows()).length, 1)
    await rig.clock.advance(120_000)
    rig.app.emit('bot-status-updated', rig.bot as never)
    while ((await rows()).length) await tick()
    await rig.recovered()
    assert.equal(card().content, '说到一半，又说完了')
  })

  it('forgets a card that DingTalk does not have any more', async () => {
    await orphan()
    rig.platform.cards.length = 0
    rig = await (await Rig.start({ after: rig })).online()
    for (let index = 0; index < 50; index++) await tick()
    assert.deepEqual(await rows(), [])
  })

  it('leaves cards alone that are being written', async () => {
    const answer = await rig.answer()
    answer.update('还在写')
    await rig.until(() => card()?.frames.length > 0, 100)
    rig.platform.stream.disconnect()
    await rig.until(() => rig.platform.calls.filter(({ api }) => api === 'open').length === 2)
    await rig.online()
    for (let index = 0; index < 20; index++) await tick()
    assert.equal(card().state, 'typing')
    await answer.finish('写完了')
    assert.equal(card().content, '写完了')
    assert.deepEqual(await rows(), [])
  })
})

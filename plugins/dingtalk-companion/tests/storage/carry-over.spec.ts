import assert from 'node:assert/strict'
import { rowKey } from 'common/database'
import { Rig, tick } from '../support/rig'

describe('rows of earlier versions', () => {
  let rig: Rig

  afterEach(() => rig.close())

  it('go on: the count of calls, seen messages, and cards that were left open', async () => {
    const first = rig = await (await Rig.start({ database: true })).online()
    for (let count = 0; count < 20; count++) await tick()
    const { database } = rig.app
    const now = new Date(rig.clock.now())
    await rig.platform.cards.push({
      outTrackId: 'card-1', templateId: 'ai.schema', space: 'IM_GROUP.cidGROUP', state: 'typing', content: '', frames: [],
    })
    await database.upsert('gemini_dingtalk_usage', [{ app: 'dingkey', month: '2027-01', calls: 7 }])
    await database.create('gemini_dingtalk_message', { id: 'dingkey:a:B', at: now })
    await database.create('gemini_dingtalk_card', {
      outTrackId: 'card-1', app: 'dingkey', key: 'content', content: '说到', notice: '中断', createdAt: now,
    })
    await rig.stop()

    rig = await (await Rig.start({ after: first })).online()
    await rig.until(() => rig.platform.cards[0].state === 'finished')
    assert.equal(rig.platform.cards[0].content, '说到\n\n中断')
    const taken: string[] = []
    rig.app.middleware(session => void taken.push(session.content!))
    await rig.platform.say('旧的', { msgId: 'a:B' })
    await rig.platform.say('新的', { msgId: 'a:b' })
    await rig.until(() => taken.length > 0)
    for (let count = 0; count < 20; count++) await tick()
    assert.deepEqual(taken, ['新的'])
    // Seven from before, and the frame that closed the card.
    assert.equal(rig.companion.describeUsage(await rig.message())[0], 'dingkey 2027-01 8/5000')
    const tables = rig.app.database
    assert.deepEqual(await tables.get('gemini_dingtalk_usage', {}), [])
    const ids = (await tables.get('gemini_dingtalk_message', {})).map(({ id }) => id)
    assert.ok(ids.includes(rowKey('dingkey', 'a:B')) && ids.every(id => /^[0-9a-f]{64}$/.test(id)))
  })
})

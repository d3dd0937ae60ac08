import assert from 'node:assert/strict'
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

  it('forgets a message after ten minutes', async () => {
    await say('一', '1')
    await rig.clock.advance(600_000)
    await say('二', '2')
    assert.deepEqual((await rig.app.database.get('gemini_dingtalk_message', {})).map(({ id }) => id), ['dingkey:2'])
  })
})

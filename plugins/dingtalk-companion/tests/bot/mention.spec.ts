import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { Rig } from '../support/rig'

describe('restoreMention', () => {
  let rig: Rig

  beforeEach(async () => {
    rig = await (await Rig.start()).online()
  })

  afterEach(() => rig.close())

  const stripped = ({ stripped: { appel, atSelf, content } }: Session) => ({ appel, atSelf, content })

  it('marks every group message as addressed to the bot, without the space behind the mention', async () => {
    const session = await rig.message('cidGROUP', 'alice', '# 在吗')
    assert.deepEqual(stripped(session), { appel: true, atSelf: true, content: '# 在吗' })
    assert.equal(session.content, '<at id="dingkey"/># 在吗')
  })

  it('leaves direct messages alone', async () => {
    const session = await rig.message(undefined, 'alice', '在吗')
    assert.deepEqual(stripped(session), { appel: false, atSelf: false, content: '在吗' })
    assert.equal(session.content, '在吗')
  })
})

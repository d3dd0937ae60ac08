import assert from 'node:assert/strict'
import { queryObjects } from 'node:v8'
import { Card } from '../../src/delivery/card'
import { Rig } from '../support/rig'

const TURNS = 10

type Class = abstract new (...args: never[]) => object

const count = (type: Class) => Number(queryObjects(type as new () => object))

describe('messages that can still be edited after their turn', function() {
  this.timeout(120_000)

  let rig: Rig
  /** The class of sessions, which Koishi does not export. */
  let Session: Class

  beforeEach(async () => rig = await (await Rig.start()).online())

  afterEach(() => rig.close())

  async function answer() {
    const { session, endChain } = await rig.turn('cidGROUP')
    Session = session.constructor as Class
    const [id] = await session.send('说')
    await session.bot.editMessage('cidGROUP', id!, '说到一半')
    await rig.settled(endChain())
    rig.sessions.splice(0)
    return id!
  }

  /** How many objects of each class there are, after a garbage collection. */
  function countObjects() {
    return { cards: count(Card), sessions: count(Session) }
  }

  it('keep neither their session nor their card', async () => {
    await answer()
    const before = countObjects()
    let id = ''
    for (let times = 0; times < TURNS; times++) id = await answer()
    const after = countObjects()
    assert.equal(rig.platform.cards.length, TURNS + 1)
    // Objects of specs that ran before in this process may go in the meantime.
    assert.ok(after.cards - before.cards <= 1, `${after.cards} cards, ${before.cards} before`)
    assert.ok(after.sessions - before.sessions <= 1, `${after.sessions} sessions, ${before.sessions} before`)
    await rig.bot.editMessage('cidGROUP', id, '说到一半，后来又说')
    await rig.until(() => rig.texts.length === 1, 1000)
  })
})

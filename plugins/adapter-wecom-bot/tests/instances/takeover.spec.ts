import assert from 'node:assert/strict'
import { settle } from 'common/testing'
import { SECOND } from '../support/turns'
import { createInstances, streamOf } from './instances'

const RESPONSE_URL = 'https://qyapi.weixin.qq.com/response'

describe('a bubble whose instance died', () => {
  function create() {
    const world = createInstances()
    const instances = [world.add(), world.add(), world.add()]
    const [one, two, three] = instances

    /** One has shown some text of an answer, and dies. @param isRepeatable what the plugin said about its answer */
    async function begin(...isRepeatable: boolean[]) {
      const id = streamOf(await one.send({ responseUrl: RESPONSE_URL }))
      const { turn } = one.asked[0]
      for (const each of isRepeatable) await one.takeover.allowRepeating(turn, each)
      const messageId = await turn.say({ text: 'so far' })
      await world.pass(SECOND, ...instances)
      return { id, turn, messageId: messageId! }
    }

    /** The turn of the repeated question. */
    function repeated() {
      const asked = [...two.asked, ...three.asked]
      assert.equal(asked.length, 1)
      return asked[0]
    }

    return { ...world, one, two, three, instances, begin, repeated }
  }

  it('gets its answer once more, from one instance, and shows the text so far until then', async () => {
    const { two, three, begin, repeated, pass } = create()
    const { id } = await begin(true)
    await pass(9 * SECOND, two, three)
    const frames = await Promise.all([two.poll(id), three.poll(id), two.poll(id)])
    assert.deepEqual(frames, ['so far', 'so far', 'so far'])
    const { message, turn } = repeated()
    assert.equal(message.msgId, 'MSGID')
    assert.equal(turn.id, id)
    await turn.say({ text: 'the whole answer' })
    turn.endChain()
    await pass(SECOND, two, three)
    assert.equal(await three.poll(id), 'the whole answer■')
    await pass(60 * SECOND, two, three)
    assert.deepEqual([...two.fallback.sent, ...three.fallback.sent], [])
  })

  it('ends with a sentence if the instance that repeats the answer dies, too', async () => {
    const { two, three, begin, repeated, pass } = create()
    const { id } = await begin(true)
    await pass(9 * SECOND, two, three)
    assert.equal(await two.poll(id), 'so far')
    const { turn } = repeated()
    await turn.say({ text: 'again' })
    await pass(SECOND, two, three)
    await pass(11 * SECOND, three)
    assert.equal(await three.poll(id), 'again\n\n(interrupted)■')
    assert.equal(three.asked.length, 0)
  })

  it('gets its answer once more without a poll, and it is sent as a message if it is not fetched', async () => {
    const { two, three, begin, repeated, pass } = create()
    await begin(true)
    await pass(15 * SECOND, two, three)
    const { turn } = repeated()
    await turn.say({ text: 'the whole answer' })
    turn.endChain()
    await pass(11 * SECOND, two, three)
    assert.deepEqual([...two.fallback.sent, ...three.fallback.sent], ['the whole answer'])
  })

  it('may be filled for as long as WeCom polls, counted from the message', async () => {
    const { one, two, three, begin, repeated, pass } = create()
    const { id } = await begin(true)
    await pass(200 * SECOND, one, two, three)
    await pass(15 * SECOND, two, three)
    const { turn } = repeated()
    await turn.say({ text: 'again' })
    await pass(100 * SECOND, two, three)
    assert.equal(await two.poll(id), 'again')
    await pass(20 * SECOND, two, three)
    assert.equal(await two.poll(id), 'again\n\n(later)■')
  })

  for (const [what, isRepeatable] of [
    ['no plugin has allowed it', []],
    ['the plugin does not allow it any more', [true, false]],
  ] as const) {
    it(`ends with a sentence and is not answered again if ${what}`, async () => {
      const { two, three, begin, pass } = create()
      const { id } = await begin(...isRepeatable)
      await pass(15 * SECOND, two, three)
      assert.equal(two.asked.length + three.asked.length, 0)
      assert.equal(await two.poll(id), 'so far\n\n(interrupted)■')
      await pass(60 * SECOND, two, three)
      assert.deepEqual([...two.fallback.sent, ...three.fallback.sent], [])
    })
  }

  it('is sent as a message with a sentence if it is not polled and cannot be repeated', async () => {
    const { two, three, begin, pass } = create()
    await begin(true, false)
    await pass(30 * SECOND, two, three)
    assert.deepEqual([...two.fallback.sent, ...three.fallback.sent], ['so far\n\n(interrupted)'])
  })

  it('is sent as a message if it was complete and not fetched', async () => {
    const { two, three, begin, pass } = create()
    const { id, turn, messageId } = await begin(true)
    turn.edit(messageId, { text: 'complete' })
    turn.endChain()
    await pass(30 * SECOND, two, three)
    assert.deepEqual([...two.fallback.sent, ...three.fallback.sent], ['complete'])
    assert.equal(two.asked.length + three.asked.length, 0)
    assert.equal(await three.poll(id), '(elsewhere)■')
  })

  it('is not sent a second time if its last frame was fetched', async () => {
    const { two, three, begin, pass } = create()
    const { id, turn, messageId } = await begin(true)
    turn.edit(messageId, { text: 'complete' })
    turn.endChain()
    assert.equal(await two.poll(id), 'complete■')
    await pass(60 * SECOND, two, three)
    assert.deepEqual([...two.fallback.sent, ...three.fallback.sent], [])
  })

  it('is not sent a second time if it was closed before the answer was complete, and that was fetched', async () => {
    const { one, two, three, instances, begin, pass } = create()
    const { id } = await begin(true)
    await pass(330 * SECOND, ...instances)
    assert.equal(await one.poll(id), 'so far\n\n(later)■')
    await pass(60 * SECOND, two, three)
    assert.deepEqual([...two.fallback.sent, ...three.fallback.sent], [])
  })

  it('is not filled by an instance that accepts no more questions', async () => {
    const { two, three, begin, pass } = create()
    const { id } = await begin(true)
    two.admission.close()
    await pass(9 * SECOND, two)
    assert.equal(await two.poll(id), 'so far\n\n(interrupted)■')
    assert.equal(two.asked.length + three.asked.length, 0)
  })

  it('shows nothing of an instance that wakes up after the answer was repeated, polled or not', async () => {
    const { one, two, three, instances, begin, repeated, pass } = create()
    const { id, turn, messageId } = await begin(true)
    await pass(15 * SECOND, two, three)
    await repeated().turn.say({ text: 'second' })
    await pass(SECOND, two, three)
    // The process goes on: its answer is complete before its timers have fired.
    turn.edit(messageId, { text: 'first' })
    turn.endChain()
    await settle()
    const waking = one.clock.jump(16 * SECOND)
    assert.equal(await one.poll(id), 'second')
    await waking
    repeated().turn.endChain()
    await pass(SECOND, ...instances)
    assert.equal(await one.poll(id), 'second■')
    await pass(60 * SECOND, ...instances)
    assert.deepEqual(instances.flatMap(({ fallback }) => fallback.sent), [])
  })

  it('is left to its instance while the server has only just come back', async () => {
    const { one, two, three, outage, begin, pass } = create()
    const { id } = await begin(true)
    outage.isRecovering = true
    await pass(20 * SECOND, two, three)
    assert.equal(await two.poll(id), 'so far')
    assert.equal(two.asked.length + three.asked.length, 0)
    one.service.restore()
    await settle()
    outage.isRecovering = false
    assert.equal(await two.poll(id), 'so far')
    assert.equal(two.asked.length + three.asked.length, 0)
  })
})

describe('an answer without a bubble whose instance died', () => {
  it('is not sent a second time', async () => {
    const world = createInstances(undefined, { streaming: false })
    const [one, two] = [world.add(), world.add()]
    await one.send({ chatId: 'GROUP', responseUrl: RESPONSE_URL })
    const { turn } = one.asked[0]
    await turn.say({ text: 'whole' })
    turn.endChain()
    await world.pass(SECOND, one, two)
    assert.deepEqual(one.fallback.sent, ['whole'])
    await world.pass(60 * SECOND, two)
    assert.deepEqual([two.fallback.sent, two.turns.size], [[], 0])
  })
})

describe('a bubble whose instance had no shared state for a while', () => {
  it('shows others what became of it', async () => {
    const world = createInstances()
    const [one, two] = [world.add(), world.add()]
    const id = streamOf(await one.send())
    const { turn } = one.asked[0]
    await turn.say({ text: 'half' })
    await world.pass(SECOND, one, two)
    two.takeover.stop()
    const reconnect = one.loseSharedState()
    await turn.say({ text: 'whole' })
    turn.endChain()
    reconnect()
    await world.pass(20 * SECOND, one, two)
    assert.deepEqual(one.fallback.sent, ['half\n\nwhole'])
    assert.equal(await two.poll(id), '(elsewhere)■')
  })
})

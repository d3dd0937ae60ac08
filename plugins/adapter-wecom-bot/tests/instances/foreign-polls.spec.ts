import assert from 'node:assert/strict'
import { SECOND } from '../support/turns'
import { createInstances, shown, streamOf } from './instances'

describe('two instances that share state', () => {
  function create() {
    const world = createInstances()
    return { ...world, one: world.add(), two: world.add() }
  }

  it('show the text of each other, and its end', async () => {
    const { one, two, pass } = create()
    const id = streamOf(await one.send())
    const { turn } = one.asked[0]
    assert.equal(await two.poll(id), '<think></think>')
    const message = await turn.say({ text: 'a' })
    await pass(300, one, two)
    assert.equal(await two.poll(id), 'a')
    turn.edit(message!, { text: 'ab' })
    turn.endChain()
    assert.equal(await two.poll(id), 'ab■')
    await pass(60 * SECOND, one, two)
    assert.deepEqual([one.fallback.sent, two.fallback.sent], [[], []])
    assert.equal(await two.poll(id), 'ab■')
    assert.equal(await one.poll(id), 'ab■')
  })

  it('show nothing to another person', async () => {
    const { one, two, pass } = create()
    const id = streamOf(await one.send())
    await one.asked[0].turn.say({ text: 'secret' })
    await pass(300, one)
    assert.equal(await two.poll(id, true, { userId: 'ANOTHER' }), '(forgotten)■')
    assert.equal(await two.poll(id, true, { chatId: 'GROUP' }), '(forgotten)■')
  })

  it('let a bubble wait that none of them knows, and give it up after ten seconds', async () => {
    const { one, two, pass } = create()
    assert.equal(await two.poll('unknown'), '<think></think>')
    await pass(9 * SECOND, one, two)
    assert.equal(await two.poll('unknown'), '<think></think>')
    await pass(2 * SECOND, one, two)
    assert.equal(await two.poll('unknown'), '(forgotten)■')
  })

  it('answer a message once that reaches both at once', async () => {
    const { one, two } = create()
    const outcomes = await Promise.all([one.send(), two.send(), two.send(), one.send()])
    assert.equal(new Set(outcomes.map(streamOf)).size, 1)
    assert.equal(one.asked.length + two.asked.length, 1)
  })

  it('use one way out: the text that was sent as a message is not shown by another instance', async () => {
    const { one, two, pass } = create()
    const id = streamOf(await one.send())
    const { turn } = one.asked[0]
    await turn.say({ text: 'hello' })
    turn.endChain()
    one.fallback.delay(3 * SECOND)
    await pass(11 * SECOND, one, two)
    assert.equal(await two.poll(id), 'hello')
    await pass(3 * SECOND, one, two)
    assert.equal(await two.poll(id), '(elsewhere)■')
    assert.deepEqual(one.fallback.sent, ['hello'])
  })

  it('send nothing as a message that another instance is just showing', async () => {
    const { one, two, pass } = create()
    const id = streamOf(await one.send())
    await one.asked[0].turn.say({ text: 'hello' })
    one.asked[0].turn.endChain()
    await pass(9900, one, two)
    const outcome = await two.handler.accept({ kind: 'poll', streamId: id, msgId: 'P', botId: 'AIBOTID', userId: 'USERID' })
    assert.equal(shown(outcome), 'hello■')
    await pass(1000, one, two)
    assert.deepEqual(one.fallback.sent, [])
  })

  it('send as a message what another instance could not show, because the connection broke', async () => {
    const { one, two, pass } = create()
    const id = streamOf(await one.send())
    await one.asked[0].turn.say({ text: 'hello' })
    one.asked[0].turn.endChain()
    assert.equal(await two.poll(id, false), 'hello■')
    await pass(11 * SECOND, one, two)
    assert.deepEqual(one.fallback.sent, ['hello'])
  })

  it('show the final frame again when it could not be sent as a message', async () => {
    const { one, two, pass } = create()
    const id = streamOf(await one.send())
    await one.asked[0].turn.say({ text: 'hello' })
    one.asked[0].turn.endChain()
    one.fallback.fail()
    await pass(11 * SECOND, one, two)
    assert.equal(await two.poll(id), 'hello■')
  })

  it('close a bubble in time of which only the other one is polled', async () => {
    const { one, two, pass } = create()
    const id = streamOf(await one.send())
    const { turn } = one.asked[0]
    await turn.say({ text: 'long' })
    await pass(331 * SECOND, one, two)
    assert.equal(await two.poll(id), 'long\n\n(later)■')
    turn.endChain()
    await pass(SECOND, one, two)
    assert.deepEqual(one.fallback.sent, ['(complete)'])
  })

  describe('when one dies', () => {
    it('show its text with a sentence, within 12 seconds', async () => {
      const { one, two, pass } = create()
      const id = streamOf(await one.send())
      await one.asked[0].turn.say({ text: 'so far' })
      await pass(3 * SECOND, one, two)
      let seconds = 0
      for (; seconds < 20; seconds++) {
        if (await two.poll(id) !== 'so far') break
        await pass(SECOND, two)
      }
      assert.ok(seconds <= 12, String(seconds))
      assert.equal(await two.poll(id), 'so far\n\n(interrupted)■')
    })

    it('show the sentence alone where there was no text', async () => {
      const { one, two, pass } = create()
      const id = streamOf(await one.send())
      await pass(12 * SECOND, two)
      assert.equal(await two.poll(id), '(interrupted)■')
    })

    it('show the whole answer if it was complete', async () => {
      const { one, two, pass } = create()
      const id = streamOf(await one.send())
      await one.asked[0].turn.say({ text: 'whole' })
      one.asked[0].turn.endChain()
      await pass(12 * SECOND, two)
      assert.equal(await two.poll(id), 'whole■')
    })

    it('take over once, and the one that wakes up can do nothing any more', async () => {
      const { one, two, add, pass } = create()
      const three = add()
      const id = streamOf(await one.send())
      const { turn } = one.asked[0]
      const message = await turn.say({ text: 'so far' })
      await pass(3 * SECOND, one, two, three)
      await pass(20 * SECOND, two, three)
      const frames = await Promise.all([two.poll(id), three.poll(id), two.poll(id)])
      assert.ok(frames.some(frame => frame === 'so far\n\n(interrupted)■'), frames.join())
      // Its timers fire late; the plugin goes on where it was.
      const waking = one.clock.jump(20 * SECOND)
      turn.edit(message!, { text: 'so far and more' })
      turn.endChain()
      await waking
      await pass(30 * SECOND, one, two, three)
      assert.deepEqual(one.fallback.sent, [])
      assert.equal(await two.poll(id), 'so far\n\n(interrupted)■')
      assert.equal(await one.poll(id), 'so far\n\n(interrupted)■')
    })
  })

  it('let a bubble stand still while the server is away for a moment', async () => {
    const { one, two, outage, pass } = create()
    const id = streamOf(await one.send())
    await one.asked[0].turn.say({ text: 'text' })
    await pass(300, one, two)
    assert.equal(await two.poll(id), 'text')
    outage.isOpen = true
    const look = two.service.inspect
    two.service.inspect = async () => undefined
    assert.equal(await two.poll(id), 'text')
    assert.equal(await two.poll(id, true, { userId: 'ANOTHER' }), '(forgotten)■')
    await pass(11 * SECOND, one, two)
    assert.equal(await two.poll(id), '(forgotten)■')
    outage.isOpen = false
    two.service.inspect = look
    assert.equal(await two.poll(id), 'text')
  })

  it('count the turns of a person together, and let the message be sent again', async () => {
    const { add } = createInstances({ total: 10, user: 2, maxAge: 330 * SECOND })
    const [one, two] = [add(), add()]
    await one.send({ msgId: 'a' })
    await two.send({ msgId: 'b' })
    assert.equal(shown(await one.send({ msgId: 'c' })), '(busy)■')
    assert.equal(one.asked.length, 1)
    two.asked[0].turn.endChain()
    assert.equal(shown(await two.send({ msgId: 'c' })), '<think></think>')
    assert.equal(shown(await one.send({ msgId: 'd', userId: 'ANOTHER' })), '<think></think>')
  })

  it('send at most twenty messages a minute to a webhook', async () => {
    const { one, two, pass } = create()
    const sent: number[] = []
    const { signal } = new AbortController()
    for (let count = 0; count < 30; count++) {
      const { sharedLimits } = count % 2 ? one : two
      void sharedLimits.webhookSlot('https://webhook', signal).then(() => sent.push(count))
    }
    await pass(59 * SECOND, one, two)
    assert.equal(sent.length, 20)
    await pass(3 * SECOND, one, two)
    assert.equal(sent.length, 30)
  })

  it('know each other\'s cards and groups', async () => {
    const { one, two } = create()
    const card = { card_type: 'text_notice', main_title: { title: 't' }, task_id: 'T@1' } as never
    one.stores.cards.save(card, false)
    assert.deepEqual(await two.stores.cards.find('T@1'), { card, isReusable: false })
    assert.equal(await two.stores.cards.recordAnswer('T@1', '', { key: 'yes' } as never), undefined)
    assert.deepEqual(await one.stores.cards.recordAnswer('T@1', '', { key: 'yes' } as never), { key: 'yes' })
    assert.deepEqual(await one.stores.groups.recordGroup('AIBOTID', 'A'), ['A'])
    assert.deepEqual(await two.stores.groups.recordGroup('AIBOTID', 'B'), ['B', 'A'])
  })
})

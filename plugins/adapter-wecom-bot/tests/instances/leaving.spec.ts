import assert from 'node:assert/strict'
import { SystemClock } from 'common/time'
import type { Event } from '../../src/protocol/payload'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { SECOND } from '../support/turns'
import { createWorld } from '../support/world'
import { XmlWorld, app } from '../support/xml-world'
import { createInstances, shown, streamOf } from './instances'

const base = { kind: 'event', msgId: 'EVENT', botId: 'AIBOTID', userId: 'USERID' } as const
const events: [name: string, event: Event][] = [
  ['a visit', { ...base, type: 'enter-chat' }],
  ['an unknown event', { ...base, type: 'unknown', name: 'auth_change_event' }],
]

describe('an instance that is stopping', () => {
  async function create() {
    const world = createInstances()
    const [one, two] = [world.add(), world.add()]
    for (const { service } of [one, two, one]) await service.start()
    return { ...world, one, two }
  }

  it('leaves new messages to another one, which answers the same message', async () => {
    const { one, two } = await create()
    one.admission.close()
    assert.deepEqual(await one.send(), { isPassedOn: true })
    assert.equal(one.turns.size, 0)
    assert.equal(shown(await two.send()), '<think></think>')
    assert.equal(two.asked.length, 1)
  })

  it('still shows what it and others answer', async () => {
    const { one, two, pass } = await create()
    const [own, foreign] = [streamOf(await one.send()), streamOf(await two.send({ msgId: 'OTHER' }))]
    one.admission.close()
    await one.asked[0].turn.say({ text: 'own' })
    await two.asked[0].turn.say({ text: 'foreign' })
    await pass(300, one, two)
    assert.deepEqual([await one.poll(own), await one.poll(foreign)], ['own', 'foreign'])
    // WeCom repeats the message: it has been taken.
    assert.equal(shown(await one.send()), 'own')
  })

  for (const [name, event] of events) {
    it(`leaves ${name} to another one, which has not seen it`, async () => {
      const { one, two } = await create()
      one.admission.close()
      assert.deepEqual(await one.handler.accept(event), { isPassedOn: true })
      assert.notDeepEqual(await two.handler.accept(event), { isPassedOn: true })
    })
  }

  it('leaves them to one that has just started', async () => {
    const world = createInstances()
    const one = world.add()
    await one.service.start()
    const two = world.add()
    await two.service.start()
    await one.service.leave()
    one.admission.close()
    assert.deepEqual(await one.send(), { isPassedOn: true })
    assert.equal(shown(await two.send()), '<think></think>')
  })

  it('answers a message that reaches it after the other has left it to it', async () => {
    const { one, two } = await create()
    await two.service.leave()
    two.admission.close()
    assert.deepEqual(await two.send(), { isPassedOn: true })
    assert.equal(shown(await one.send()), '<think></think>')
  })

  it('takes over no bubble of one that died', async () => {
    const world = createInstances()
    const [one, two, three] = [world.add(), world.add(), world.add()]
    for (const { service } of [one, two, three, one, two]) await service.start()
    const id = streamOf(await one.send())
    await one.takeover.allowRepeating(one.asked[0].turn, true)
    await one.asked[0].turn.say({ text: 'so far' })
    await world.pass(SECOND, one, two, three)
    two.admission.close()
    await world.pass(9 * SECOND, two)
    assert.equal(await two.poll(id), 'so far')
    assert.equal(await three.poll(id), 'so far')
    assert.deepEqual([two.asked.length, three.asked.length], [0, 1])
  })

  for (const [name, leave] of [
    ['there is no other', async ({ two }) => {
      await two.service.dispose()
    }],
    ['the other is stopping, too', async ({ one, two }) => {
      for (const { service } of [one, two]) await service.leave()
      two.admission.close()
    }],
    ['the others cannot be seen', async ({ outage }) => {
      outage.isOpen = true
    }],
  ] as [string, (world: Awaited<ReturnType<typeof create>>) => Promise<void>][]) {
    it(`says so to the person where ${name}`, async () => {
      const world = await create()
      await leave(world)
      await world.pass(16 * SECOND, world.one)
      world.one.admission.close()
      assert.equal(shown(await world.one.send()), '(leaving)■')
    })
  }

  describe('over HTTP', () => {
    let clock: SystemClock, service: SharedStateService, other: SharedStateService
    beforeEach(async () => {
      clock = new SystemClock()
      const backend = new MemoryBackend(clock)
      service = new SharedStateService(backend, { instance: 'one', clock, isShared: true })
      other = new SharedStateService(backend, { instance: 'two', clock, isShared: true })
      for (const each of [other, service]) await each.start()
    })
    afterEach(async () => {
      for (const each of [other, service]) await each.dispose()
      clock.dispose()
    })

    it('answers with 503, also when the callback is sent again', async () => {
      const world = await createWorld()
      try {
        const { bot } = world.add()
        bot.services.sharedTurns.connect(service)
        const client = world.client()
        bot.services.admission.close()
        const text = client.text('hello')
        for (let count = 0; count < 2; count++) assert.equal((await client.post(text)).status, 503)
        assert.equal((await client.post(client.event('enter_chat'))).status, 503)
        assert.equal((await client.poll('unknown')).status, 200)
        assert.deepEqual(world.log.warnings, [])
      } finally {
        await world.close()
      }
    })

    describe('from a self-built app', () => {
      const xml = new XmlWorld()
      it('answers with 503, too', async () => {
        const bot = xml.start(app)
        bot.services.sharedTurns.connect(service)
        bot.services.admission.close()
        const message = xml.client.app('<MsgType>text</MsgType><Content>hello</Content>')
        for (let count = 0; count < 2; count++) assert.equal((await xml.client.post(message)).status, 503)
        assert.equal(xml.sessions.length, 0)
      })
    })
  })
})

import assert from 'node:assert/strict'
import { systemClock } from 'common/time'
import { StreamCards } from '../../src/turn/stream-cards'
import type { TurnOptions } from '../../src/turn/turn-options'
import type { AibotHandlerOptions, DispatchResult, Outcome } from '../../src/inbound/aibot-handler'
import { AibotHandler } from '../../src/inbound/aibot-handler'
import type { Event, Message, Poll, UnknownMessage } from '../../src/protocol/payload'
import { createMemoryStores } from '../../src/storage/stores'
import type { StoredStream } from '../../src/storage/streams'
import type { Turn } from '../../src/turn/turn'
import { createTurns, message, notices } from '../support/turns'

function createInbox(options: Partial<AibotHandlerOptions> = {}, policy: Partial<TurnOptions> = {}) {
  const world = createTurns(policy)
  const dispatched: { message: Message, turn: Turn }[] = []
  const events: Event[] = []
  const stores = options.stores ?? createMemoryStores(world.clock)
  const inbox = new AibotHandler({
    credentials: [],
    freshness: 300_000,
    firstReply: 100,
    turns: world.turns,
    cards: new StreamCards({ enabled: false, buttons: [], title: () => '', clicked: () => '' }, createMemoryStores(world.clock).cards),
    stores,
    feedback: true,
    notices,
    isTrusted: url => url === 'https://trusted',
    dispatch: (message, turn): DispatchResult => {
      dispatched.push({ message, turn })
      return 'taken'
    },
    notify: event => void events.push(event),
    click: () => {},
    verified: () => {},
    ...options,
  })
  return { ...world, inbox, dispatched, events }
}

type Stream = { stream: { id: string, content: string, finish: boolean, feedback?: { id: string } } }

function stream({ reply }: Outcome) {
  return (reply as Stream).stream
}

function poll(turn: Turn, overrides: Partial<Poll> = {}): Poll {
  return { kind: 'poll', streamId: turn.id, msgId: 'POLL', botId: 'AIBOTID', userId: 'USERID', ...overrides }
}

describe('a message', () => {
  it('waits for an answer that is ready at once', async () => {
    const { inbox, turns, dispatched } = createInbox()
    const outcome = inbox.accept(message())
    await new Promise(setImmediate)
    const { turn } = dispatched[0]
    await turns.say(turn, { text: 'pong' })
    turn.chainEnded()
    assert.deepEqual(stream(await outcome), { ...stream(await outcome), id: turn.id, content: 'pong', finish: true })
    assert.equal((await outcome).closing, turn)
  })

  it('opens a stream where the answer takes longer', async () => {
    const { inbox, clock, dispatched } = createInbox()
    const outcome = inbox.accept(message())
    await clock.pass(100)
    const { id, content, finish } = stream(await outcome)
    assert.deepEqual({ id, content, finish }, { id: dispatched[0].turn.id, content: '<think></think>', finish: false })
    assert.equal((await outcome).closing, undefined)
  })

  it('that comes fifty times at once is answered once', async () => {
    const { inbox, clock, turns, dispatched } = createInbox()
    const outcomes = Array.from({ length: 50 }, () => inbox.accept(message()))
    await clock.pass(100)
    const ids = new Set((await Promise.all(outcomes)).map(outcome => stream(outcome).id))
    assert.equal(ids.size, 1)
    assert.equal(dispatched.length, 1)
    assert.equal(turns.size, 1)
  })

  it('that comes again sees how its stream stands', async () => {
    const { inbox, clock, turns, dispatched } = createInbox()
    void inbox.accept(message())
    await clock.pass(100)
    const { turn } = dispatched[0]
    await turns.say(turn, { text: 'half' })
    assert.equal(stream(await inbox.accept(message())).content, 'half')
    assert.equal(stream(await inbox.accept(message(), true)).content, 'half')
    turn.chainEnded()
    assert.equal(stream(await inbox.accept(message())).finish, true)
    assert.equal(dispatched.length, 1)
  })

  it('that is known as a copy, but not to anybody, is refused', async () => {
    const { inbox, turns, dispatched } = createInbox()
    await assert.rejects(Promise.resolve(inbox.accept(message(), true)), { reason: 'replay' })
    assert.equal(dispatched.length, 0)
    assert.equal(turns.size, 0)
  })

  it('gets an empty answer where nothing is said', async () => {
    const { inbox, dispatched } = createInbox()
    const outcome = inbox.accept(message())
    await new Promise(setImmediate)
    dispatched[0].turn.chainEnded()
    assert.deepEqual(await outcome, {})
  })

  it('gets an empty answer where streams are off', async () => {
    const { inbox, clock } = createInbox({}, { streaming: false })
    const outcome = inbox.accept(message())
    await clock.pass(100)
    assert.deepEqual(await outcome, {})
  })

  it('may answer to a trusted address only', async () => {
    for (const [responseUrl, isKept] of [['https://trusted', true], ['https://other', false], [undefined, false]] as const) {
      const { inbox, clock, dispatched } = createInbox()
      void inbox.accept(message({ responseUrl }))
      await clock.pass(100)
      assert.equal(!!dispatched[0].turn.responseUrl, isKept)
    }
  })

  it('for another bot is refused', () => {
    const { inbox, dispatched } = createInbox({ botId: 'MINE' })
    assert.throws(() => inbox.accept(message()), { reason: 'foreign-bot', status: 403 })
    assert.equal(dispatched.length, 0)
  })

  it('that nobody can read or take gets a sentence, and leaves nothing behind', async () => {
    for (const [result, content] of [['unreadable', '(unsupported)'], ['closed', '(forgotten)']] as const) {
      const { inbox, turns, clock } = createInbox({ dispatch: () => result })
      const { content: said, finish } = stream(await inbox.accept(message()))
      assert.deepEqual([said, finish], [content, true])
      assert.equal(turns.size, 0)
      assert.equal(clock.pending, 0)
    }
  })

  it('of an unknown kind gets a sentence', async () => {
    const { inbox } = createInbox()
    const unknown: UnknownMessage = { kind: 'unknown', name: 'location', msgId: 'M', botId: 'B', userId: 'U' }
    const { content, finish } = stream(await inbox.accept(unknown))
    assert.deepEqual([content, finish], ['(unsupported)', true])
  })

  it('that comes while the process is about to end is told so', async () => {
    const { inbox, dispatched, turns } = createInbox()
    inbox.leaving = true
    assert.equal(stream(await inbox.accept(message())).content, '(leaving)')
    assert.equal(dispatched.length, 0)
    assert.equal(turns.size, 0)
  })

  it('too many is told so, and a copy of one before still sees its stream', async () => {
    const { inbox, clock, turns } = createInbox()
    Object.assign(turns.load.limits, { user: 2 })
    for (const msgId of ['A', 'B']) void inbox.accept(message({ msgId }))
    await clock.pass(100)
    assert.equal(stream(await inbox.accept(message({ msgId: 'C' }))).content, '(busy)')
    assert.equal(stream(await inbox.accept(message({ msgId: 'A' }))).finish, false)
    const other = inbox.accept(message({ msgId: 'D', userId: 'OTHER' }))
    await clock.pass(100)
    assert.equal(stream(await other).finish, false)
  })
})

describe('a poll', () => {
  it('sees the newest state, and only who it belongs to', async () => {
    const { inbox, clock, turns, dispatched } = createInbox()
    void inbox.accept(message())
    await clock.pass(100)
    const { turn } = dispatched[0]
    await turns.say(turn, { text: 'secret' })
    assert.equal(stream(await inbox.accept(poll(turn))).content, 'secret')
    for (const stranger of [{ userId: 'OTHER' }, { chatId: 'CHATID' }, { botId: 'OTHER' }, { streamId: 'unknown' }]) {
      const { content, finish } = stream(await inbox.accept(poll(turn, stranger)))
      assert.deepEqual([content, finish], ['(forgotten)', true])
    }
  })

  it('does not ask for a feedback that was asked for already', async () => {
    const { inbox, clock, dispatched } = createInbox()
    const first = inbox.accept(message())
    await clock.pass(100)
    assert.deepEqual(stream(await first).feedback, { id: dispatched[0].turn.id })
    assert.equal(stream(await inbox.accept(poll(dispatched[0].turn))).feedback, undefined)
  })

  it('sees after a restart what was shown, closed, within the limit and only who it belongs to', async () => {
    const owner = { botId: 'AIBOTID', userId: 'USERID' }
    for (const [content, finished, expected] of [
      ['all of it', true, 'all of it'],
      ['half', false, 'half\n\n(interrupted)'],
      ['', false, '(interrupted)'],
      ['', true, '(interrupted)'],
    ] as const) {
      const stores = createMemoryStores(systemClock)
      const saved: StoredStream = { streamId: 'S', msgId: 'M', owner, content, finished }
      stores.streams.find = async () => saved
      const { inbox, open } = createInbox({ stores })
      const turn = open()
      assert.equal(stream(await inbox.accept(poll(turn, { streamId: 'S' }))).content, expected)
      const stranger = await inbox.accept(poll(turn, { streamId: 'S', userId: 'OTHER' }))
      assert.equal(stream(stranger).content, '(forgotten)')
      saved.content = '企'.repeat(20480 / 3)
      const full = stream(await inbox.accept(poll(turn, { streamId: 'S' }))).content
      assert.ok(Buffer.byteLength(full) <= 20480)
    }
  })
})

describe('an event', () => {
  const base = { kind: 'event', msgId: 'E', botId: 'AIBOTID', userId: 'USERID' } as const

  it('is handed on, once', async () => {
    const { inbox, events } = createInbox()
    const event: Event = { ...base, type: 'unknown', name: 'auth_change_event' }
    assert.deepEqual(await inbox.accept(event), {})
    assert.deepEqual(await inbox.accept(event, true), {})
    assert.deepEqual(await inbox.accept(event), {})
    assert.deepEqual(events, [event])
    await inbox.accept({ ...event, userId: 'OTHER' })
    assert.equal(events.length, 2)
  })

  it('is known for twice as long as a callback may be late, at least', async () => {
    const { inbox, events, clock } = createInbox({ freshness: 1000 })
    const event: Event = { ...base, type: 'unknown', name: 'x' }
    for (const [delay, told] of [[0, 1], [2000, 1], [4000, 2]]) {
      await clock.pass(delay)
      await inbox.accept(event)
      assert.equal(events.length, told)
    }
  })

  it('greets who enters, where there is a greeting', async () => {
    const event: Event = { ...base, type: 'enter-chat' }
    const { reply } = await createInbox({ welcome: '你好' }).inbox.accept(event)
    assert.deepEqual(reply, { msgtype: 'text', text: { content: '你好' } })
    assert.equal((await createInbox().inbox.accept(event)).reply, undefined)
  })

  it('greets again where the greeting was lost on its way, and is told once', async () => {
    const { inbox, events } = createInbox({ welcome: '你好' })
    const event: Event = { ...base, type: 'enter-chat' }
    const { reply } = await inbox.accept(event)
    assert.deepEqual([(await inbox.accept(event)).reply, (await inbox.accept(event, true)).reply], [reply, reply])
    assert.equal(events.length, 1)
  })

  it('remembers an opinion, the last one of a person', async () => {
    const { inbox } = createInbox()
    for (const [userId, opinion] of [['A', 'like'], ['B', 'like'], ['A', 'dislike']] as const) {
      const feedback = { id: 'S', opinion, text: '', reasons: [] }
      assert.deepEqual(await inbox.accept({ ...base, msgId: opinion, userId, type: 'feedback', feedback }), {})
    }
    const first = { id: 'S', opinion: 'like' as const, text: '', reasons: [] }
    await inbox.accept({ ...base, msgId: 'like', userId: 'A', type: 'feedback', feedback: first }, true)
    const opinions = await inbox.options.stores.feedback.list('S')
    assert.deepEqual(opinions.map(({ userId, opinion }) => userId + opinion).sort(), ['Adislike', 'Blike'])
  })

  it('that clicks a card nobody remembers has no reply, and a turn without a stream', async () => {
    const clicks: unknown[] = []
    const { inbox, turns } = createInbox({ click: (_event, clicked, turn) => clicks.push(clicked, turns.frame(turn)) })
    const click = { cardType: 'button_interaction', key: 'i:再说一次', taskId: 'T', selected: {} }
    assert.equal((await inbox.accept({ ...base, type: 'card-click', click })).reply, undefined)
    assert.deepEqual(clicks, [{ id: '再说一次', input: '再说一次', card: undefined }, undefined])
    await inbox.accept({ ...base, type: 'card-click', click })
    assert.equal(clicks.length, 2)
    await inbox.accept({ ...base, msgId: 'E2', type: 'card-click', click })
    assert.equal(clicks.length, 4)
  })

  it('that clicks while too much is being answered is told so, and changes no card', async () => {
    const clicks: unknown[] = []
    const { inbox, turns, clock, outlet } = createInbox({ click: (_event, clicked) => clicks.push(clicked.id) })
    Object.assign(turns.load.limits, { user: 1 })
    void inbox.accept(message())
    await clock.pass(100)
    const click = { cardType: 'button_interaction', key: 'i:again', taskId: 'T', selected: {} }
    assert.deepEqual(await inbox.accept({ ...base, type: 'card-click', click }), {})
    await clock.pass(1)
    assert.deepEqual([clicks, outlet.sent, turns.load.size], [[], ['(busy)'], 1])
    await inbox.accept({ ...base, msgId: 'E2', type: 'card-click', click: { ...click, key: 'b:id' } })
    assert.deepEqual(clicks, ['id'])
    inbox.leaving = true
    await inbox.accept({ ...base, msgId: 'E3', userId: 'OTHER', type: 'card-click', click })
    await clock.pass(1)
    assert.deepEqual([clicks, outlet.sent], [['id'], ['(busy)', '(leaving)']])
  })
})

import assert from 'node:assert/strict'
import { systemClock } from 'common/time'
import { Admission } from '../../src/inbound/admission'
import type { AibotHandlerOptions } from '../../src/inbound/aibot-handler'
import { AibotHandler } from '../../src/inbound/aibot-handler'
import type { Dispatcher, Outcome } from '../../src/inbound/types'
import type { Event, Message, Poll, UnknownMessage } from '../../src/protocol/payload'
import { createMemoryStores } from '../../src/storage/stores'
import type { StoredStream } from '../../src/storage/streams'
import { StreamCards } from '../../src/turn/stream-cards'
import type { TurnController } from '../../src/turn/turn-controller'
import type { TurnOptions } from '../../src/turn/turn-options'
import { createTurns, message, notices } from '../support/turns'

interface Settings extends Omit<Partial<AibotHandlerOptions>, 'dispatcher'> {
  dispatcher?: Partial<Dispatcher>
}

function createHandler({ dispatcher, ...options }: Settings = {}, turnOptions: Partial<TurnOptions> = {}) {
  const stores = createMemoryStores(systemClock)
  const world = createTurns(turnOptions, stores.streams)
  const { clock, turns, concurrency } = world
  const admission = new Admission(concurrency, notices)
  const dispatched: { message: Message, turn: TurnController }[] = []
  const events: Event[] = []
  const handler = new AibotHandler({
    freshness: 300_000,
    firstReply: 100,
    turns,
    admission,
    clock,
    cards: new StreamCards({ enabled: false, buttons: [], title: () => '', clicked: () => '' }, stores.cards),
    stores,
    feedback: true,
    notices,
    isTrusted: url => url === 'https://trusted',
    dispatcher: {
      dispatch(message, turn) {
        dispatched.push({ message, turn })
        return 'taken'
      },
      notify: event => void events.push(event),
      click: () => {},
      verified: () => {},
      ...dispatcher,
    },
    ...options,
  })
  return { ...world, stores, admission, handler, dispatched, events }
}

type Stream = { stream: { id: string, content: string, finish: boolean, feedback?: { id: string } } }

function stream({ reply }: Outcome) {
  return (reply as Stream).stream
}

function poll(turn: Pick<TurnController, 'id'>, overrides: Partial<Poll> = {}): Poll {
  return { kind: 'poll', streamId: turn.id, msgId: 'POLL', botId: 'AIBOTID', userId: 'USERID', ...overrides }
}

describe('AibotHandler: messages', () => {
  it('replies with an answer that is ready within the first-reply time', async () => {
    const { handler, dispatched } = createHandler()
    const outcome = handler.accept(message())
    await new Promise(setImmediate)
    const { turn } = dispatched[0]
    await turn.say({ text: 'pong' })
    turn.endChain()
    assert.deepEqual(stream(await outcome), { ...stream(await outcome), id: turn.id, content: 'pong', finish: true })
    assert.equal(turn.isUnfinished, false)
    ;(await outcome).responded!(false)
    assert.equal(turn.isUnfinished, true)
  })

  it('opens a stream for a slower answer', async () => {
    const { handler, clock, dispatched } = createHandler()
    const outcome = handler.accept(message())
    await clock.advance(100)
    const { id, content, finish } = stream(await outcome)
    assert.deepEqual({ id, content, finish }, { id: dispatched[0].turn.id, content: '<think></think>', finish: false })
    assert.equal((await outcome).responded, undefined)
  })

  it('answers a message once that arrives fifty times at the same time', async () => {
    const { handler, clock, turns, dispatched } = createHandler()
    const outcomes = Array.from({ length: 50 }, () => handler.accept(message()))
    await clock.advance(100)
    const ids = new Set((await Promise.all(outcomes)).map(outcome => stream(outcome).id))
    assert.equal(ids.size, 1)
    assert.equal(dispatched.length, 1)
    assert.equal(turns.size, 1)
  })

  it('replies to a repeated message with the current frame', async () => {
    const { handler, clock, dispatched } = createHandler()
    void handler.accept(message())
    await clock.advance(100)
    const { turn } = dispatched[0]
    await turn.say({ text: 'half' })
    assert.equal(stream(await handler.accept(message())).content, 'half')
    assert.equal(stream(await handler.accept(message(), true)).content, 'half')
    turn.endChain()
    assert.equal(stream(await handler.accept(message())).finish, true)
    assert.equal(dispatched.length, 1)
  })

  it('refuses a replayed message without a turn', async () => {
    const { handler, turns, dispatched } = createHandler()
    await assert.rejects(Promise.resolve(handler.accept(message(), true)), { reason: 'replay' })
    assert.equal(dispatched.length, 0)
    assert.equal(turns.size, 0)
  })

  it('replies with nothing if there is no answer', async () => {
    const { handler, dispatched } = createHandler()
    const outcome = handler.accept(message())
    await new Promise(setImmediate)
    dispatched[0].turn.endChain()
    assert.deepEqual(await outcome, {})
  })

  it('replies with nothing if streaming is off', async () => {
    const { handler, clock } = createHandler({}, { streaming: false })
    const outcome = handler.accept(message())
    await clock.advance(100)
    assert.deepEqual(await outcome, {})
  })

  it('ignores a response_url on an untrusted host', async () => {
    for (const [responseUrl, isKept] of [['https://trusted', true], ['https://other', false], [undefined, false]] as const) {
      const { handler, clock, dispatched } = createHandler()
      void handler.accept(message({ responseUrl }))
      await clock.advance(100)
      assert.equal(!!dispatched[0].turn.turn.responseUrl, isKept)
    }
  })

  it('refuses a message for another bot', () => {
    const { handler, dispatched } = createHandler({ botId: 'MINE' })
    assert.throws(() => handler.accept(message()), { reason: 'foreign-bot', status: 403 })
    assert.equal(dispatched.length, 0)
  })

  it('says that a message is unreadable or that Koishi is not running, and leaves no turn', async () => {
    for (const [result, content] of [['unreadable', '(unsupported)'], ['closed', '(forgotten)']] as const) {
      const { handler, turns, clock } = createHandler({ dispatcher: { dispatch: () => result } })
      const { content: said, finish } = stream(await handler.accept(message()))
      assert.deepEqual([said, finish], [content, true])
      assert.equal(turns.size, 0)
      assert.equal(clock.pending, 0)
    }
  })

  it('says that a message type is unsupported', async () => {
    const { handler } = createHandler()
    const unknown: UnknownMessage = { kind: 'unknown', name: 'location', msgId: 'M', botId: 'B', userId: 'U' }
    const { content, finish } = stream(await handler.accept(unknown))
    assert.deepEqual([content, finish], ['(unsupported)', true])
  })

  it('turns a message away during shutdown', async () => {
    const { handler, admission, dispatched, turns } = createHandler()
    admission.close()
    assert.equal(stream(await handler.accept(message())).content, '(leaving)')
    assert.equal(dispatched.length, 0)
    assert.equal(turns.size, 0)
  })

  it('turns away messages beyond the limit of a person, but still answers repetitions', async () => {
    const { handler, clock, concurrency } = createHandler()
    Object.assign(concurrency.limits, { user: 2 })
    for (const msgId of ['A', 'B']) void handler.accept(message({ msgId }))
    await clock.advance(100)
    assert.equal(stream(await handler.accept(message({ msgId: 'C' }))).content, '(busy)')
    assert.equal(stream(await handler.accept(message({ msgId: 'A' }))).finish, false)
    const other = handler.accept(message({ msgId: 'D', userId: 'OTHER' }))
    await clock.advance(100)
    assert.equal(stream(await other).finish, false)
  })
})

describe('AibotHandler: polls', () => {
  it('shows the current frame to its owner only', async () => {
    const { handler, clock, dispatched } = createHandler()
    void handler.accept(message())
    await clock.advance(100)
    const { turn } = dispatched[0]
    await turn.say({ text: 'secret' })
    assert.equal(stream(await handler.accept(poll(turn))).content, 'secret')
    for (const stranger of [{ userId: 'OTHER' }, { chatId: 'CHATID' }, { botId: 'OTHER' }, { streamId: 'unknown' }]) {
      const { content, finish } = stream(await handler.accept(poll(turn, stranger)))
      assert.deepEqual([content, finish], ['(forgotten)', true])
    }
  })

  it('asks for feedback in the first frame only', async () => {
    const { handler, clock, dispatched } = createHandler()
    const first = handler.accept(message())
    await clock.advance(100)
    assert.deepEqual(stream(await first).feedback, { id: dispatched[0].turn.id })
    assert.equal(stream(await handler.accept(poll(dispatched[0].turn))).feedback, undefined)
  })

  it('closes a stream of an earlier process with its stored text, for its owner only', async () => {
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
      const { handler, open } = createHandler({ stores })
      const turn = open()
      assert.equal(stream(await handler.accept(poll(turn, { streamId: 'S' }))).content, expected)
      const stranger = await handler.accept(poll(turn, { streamId: 'S', userId: 'OTHER' }))
      assert.equal(stream(stranger).content, '(forgotten)')
      saved.content = '企'.repeat(20480 / 3)
      const full = stream(await handler.accept(poll(turn, { streamId: 'S' }))).content
      assert.ok(Buffer.byteLength(full) <= 20480)
    }
  })
})

describe('AibotHandler: events', () => {
  const base = { kind: 'event', msgId: 'E', botId: 'AIBOTID', userId: 'USERID' } as const

  it('notifies plugins once of a repeated event', async () => {
    const { handler, events } = createHandler()
    const event: Event = { ...base, type: 'unknown', name: 'auth_change_event' }
    assert.deepEqual(await handler.accept(event), {})
    assert.deepEqual(await handler.accept(event, true), {})
    assert.deepEqual(await handler.accept(event), {})
    assert.deepEqual(events, [event])
    await handler.accept({ ...event, userId: 'OTHER' })
    assert.equal(events.length, 2)
  })

  it('recognizes a repetition for twice the freshness', async () => {
    const { handler, events, clock } = createHandler({ freshness: 1000 })
    const event: Event = { ...base, type: 'unknown', name: 'x' }
    for (const [delay, told] of [[0, 1], [2000, 1], [4000, 2]]) {
      await clock.advance(delay)
      await handler.accept(event)
      assert.equal(events.length, told)
    }
  })

  it('replies to enter_chat with the welcome, if there is one', async () => {
    const event: Event = { ...base, type: 'enter-chat' }
    const { reply } = await createHandler({ welcome: '你好' }).handler.accept(event)
    assert.deepEqual(reply, { msgtype: 'text', text: { content: '你好' } })
    assert.equal((await createHandler().handler.accept(event)).reply, undefined)
  })

  it('repeats the welcome for a repeated event, and notifies plugins once', async () => {
    const { handler, events } = createHandler({ welcome: '你好' })
    const event: Event = { ...base, type: 'enter-chat' }
    const { reply } = await handler.accept(event)
    assert.deepEqual([(await handler.accept(event)).reply, (await handler.accept(event, true)).reply], [reply, reply])
    assert.equal(events.length, 1)
  })

  it('stores the latest feedback of each person', async () => {
    const { handler, stores } = createHandler()
    for (const [userId, opinion] of [['A', 'like'], ['B', 'like'], ['A', 'dislike']] as const) {
      const feedback = { id: 'S', opinion, text: '', reasons: [] }
      assert.deepEqual(await handler.accept({ ...base, msgId: opinion, userId, type: 'feedback', feedback }), {})
    }
    const first = { id: 'S', opinion: 'like' as const, text: '', reasons: [] }
    await handler.accept({ ...base, msgId: 'like', userId: 'A', type: 'feedback', feedback: first }, true)
    const opinions = await stores.feedback.list('S')
    assert.deepEqual(opinions.map(({ userId, opinion }) => userId + opinion).sort(), ['Adislike', 'Blike'])
  })

  it('opens a turn without a stream for a click on an unknown card', async () => {
    const clicks: unknown[] = []
    const { handler } = createHandler({
      dispatcher: { click: (_event, result, turn) => void clicks.push(result, turn.frame()) },
    })
    const click = { cardType: 'button_interaction', key: 'i:再说一次', taskId: 'T', selected: {} }
    assert.equal((await handler.accept({ ...base, type: 'card-click', click })).reply, undefined)
    assert.deepEqual(clicks, [{ id: '再说一次', input: '再说一次', card: undefined }, undefined])
    await handler.accept({ ...base, type: 'card-click', click })
    assert.equal(clicks.length, 2)
    await handler.accept({ ...base, msgId: 'E2', type: 'card-click', click })
    assert.equal(clicks.length, 4)
  })

  it('turns away a click that sends a message beyond the limit, without updating the card', async () => {
    const clicks: unknown[] = []
    const { handler, admission, clock, concurrency, fallback } = createHandler({
      dispatcher: { click: (_event, { id }) => void clicks.push(id) },
    })
    Object.assign(concurrency.limits, { user: 1 })
    void handler.accept(message())
    await clock.advance(100)
    const click = { cardType: 'button_interaction', key: 'i:again', taskId: 'T', selected: {} }
    assert.deepEqual(await handler.accept({ ...base, type: 'card-click', click }), {})
    await clock.advance(1)
    assert.deepEqual([clicks, fallback.sent, concurrency.size], [[], ['(busy)'], 1])
    await handler.accept({ ...base, msgId: 'E2', type: 'card-click', click: { ...click, key: 'b:id' } })
    assert.deepEqual(clicks, ['id'])
    admission.close()
    await handler.accept({ ...base, msgId: 'E3', userId: 'OTHER', type: 'card-click', click })
    await clock.advance(1)
    assert.deepEqual([clicks, fallback.sent], [['id'], ['(busy)', '(leaving)']])
  })
})

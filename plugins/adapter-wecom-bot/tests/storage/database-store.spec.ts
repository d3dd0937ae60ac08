import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Context } from 'koishi'
import { Logger } from 'koishi'
import type { TemplateCard } from '../../src/protocol/template-card'
import { DatabaseStore } from '../../src/storage/database-store'
import type { Opinion, Store, Trace } from '../../src/storage/store'
import { MemoryStore } from '../../src/storage/store'
import { FakeClock } from '../support/clock'
import { createFolder, eventually, openDatabase, silence } from '../support/database'

const DAY = 24 * 3600_000
const RETENTION = 600_000

const card = (taskId = 'T', title = 'a'): TemplateCard => {
  return { card_type: 'button_interaction', main_title: { title }, task_id: taskId, button_list: [{ text: 'a', key: 'b' }] }
}
const opinion = (userId: string, fields?: Partial<Opinion>): Opinion => {
  return { userId, opinion: 'like', text: '', reasons: [], time: 1, ...fields }
}
const trace = (fields?: Partial<Trace>): Trace => {
  return { streamId: 'S', msgId: 'M', owner: { botId: 'B', userId: 'U' }, content: '', finished: false, ...fields }
}
const answer = (key: string, selected = {}) => ({ key, selected })

interface Bench {
  store: Store
  clock: FakeClock
  app?: Context
}

let folder: Awaited<ReturnType<typeof createFolder>>
let serial = 0

const benches: Record<string, () => Promise<Bench>> = {
  'in memory': async () => {
    const clock = new FakeClock()
    return { clock, store: new MemoryStore(clock) }
  },
  'in the database "memory"': () => onDatabase(),
  'in the database "sqlite"': () => onDatabase(join(folder.path, `${++serial}.db`)),
}

async function onDatabase(file?: string): Promise<Bench> {
  const clock = new FakeClock()
  const app = await openDatabase(file)
  return { app, clock, store: new DatabaseStore(app, RETENTION, 'BOT', clock) }
}

let speak: () => void

before(async () => {
  speak = silence()
  folder = await createFolder()
})

after(async () => {
  await folder.remove()
  speak()
})

for (const [name, open] of Object.entries(benches)) {
  describe(`a store ${name}`, () => {
    let store: Store
    let clock: FakeClock
    let app: Context | undefined

    beforeEach(async () => {
      ({ store, clock, app } = await open())
    })

    afterEach(async () => {
      await store.dispose()
      await app?.stop()
    })

    it('lets who claims a message first have it', async () => {
      assert.equal(await store.claim(trace()), 'S')
      assert.equal(await store.claim(trace({ streamId: 'S2', msgId: 'M2' })), 'S2')
      assert.equal(await store.claim(trace({ streamId: 'S3', owner: { botId: 'B2', userId: 'U' } })), 'S3')
    })

    it('keeps a card for a day, and how it was meant', async () => {
      assert.equal(await store.card('T'), undefined)
      store.rememberCard(card('T'), true)
      store.rememberCard(card('T2'), false)
      assert.deepEqual(await eventually(() => store.card('T')), { card: card('T'), standing: true })
      assert.equal((await eventually(() => store.card('T2'))).standing, false)
      await clock.jump(DAY - 1)
      assert.ok(await store.card('T'))
      await clock.pass(1)
      assert.equal(await store.card('T'), undefined)
    })

    it('keeps the card that was sent last under an id', async () => {
      store.rememberCard(card('T', 'old'), false)
      store.rememberCard(card('T', 'new'), false)
      await eventually(async () => (await store.card('T'))?.card.main_title!.title === 'new')
    })

    it('keeps no card that nobody could click', async () => {
      store.rememberCard({ card_type: 'text_notice', card_action: { type: 1 } }, false)
      assert.equal(await store.card(undefined as never), undefined)
    })

    it('takes one answer to a card, however many come at once', async () => {
      store.rememberCard(card(), false)
      const answers = Array.from({ length: 20 }, (_, index) => store.answer('T', '', answer(String(index))))
      const before = await Promise.all(answers)
      const first = before.findIndex(answer => !answer)
      assert.equal(before.filter(answer => !answer).length, 1)
      for (const [index, found] of before.entries()) {
        if (index !== first) assert.deepEqual(found, answer(String(first)))
      }
      assert.deepEqual(await store.answer('T', '', answer('late')), answer(String(first)))
    })

    it('takes one answer of each person, with all that was chosen', async () => {
      store.rememberCard(card('T'), false)
      store.rememberCard(card('T2'), false)
      const chosen = answer('send', { q: ['一', '二'] })
      assert.equal(await store.answer('T', 'A', chosen), undefined)
      assert.equal(await store.answer('T', 'B', answer('send')), undefined)
      assert.equal(await store.answer('T2', 'A', answer('send')), undefined)
      assert.deepEqual(await store.answer('T', 'A', answer('send')), chosen)
    })

    it('begins anew with a card that is sent under the same id', async () => {
      store.rememberCard(card(), false)
      await store.answer('T', '', answer('one'))
      store.rememberCard(card(), false)
      assert.equal(await store.answer('T', '', answer('two')), undefined)
      assert.deepEqual(await store.answer('T', '', answer('three')), answer('two'))
    })

    it('keeps opinions for a week, the last of each person', async () => {
      assert.deepEqual(await store.opinions('S'), [])
      await store.rememberOpinion('S', opinion('A'))
      await store.rememberOpinion('S', opinion('B'))
      const last = opinion('A', { opinion: 'dislike', text: '答非所问 😀', reasons: [1, 4], time: 2 })
      await store.rememberOpinion('S', last)
      await store.rememberOpinion('S2', opinion('C'))
      const opinions = await store.opinions('S')
      assert.deepEqual(opinions.sort((one, other) => one.userId < other.userId ? -1 : 1), [last, opinion('B')])
      await clock.jump(7 * DAY - 1)
      assert.equal((await store.opinions('S')).length, 2)
      await clock.pass(1)
      assert.deepEqual(await store.opinions('S'), [])
    })

    it('keeps every opinion of those who speak at once', async () => {
      const people = Array.from({ length: 20 }, (_, index) => `user${index % 10}`)
      await Promise.all(people.map(userId => store.rememberOpinion('S', opinion(userId))))
      assert.equal((await store.opinions('S')).length, 10)
    })

    it('leaves no timer behind', async () => {
      await store.dispose()
      assert.equal(clock.pending, 0)
    })
  })
}

for (const [name, open] of Object.entries(benches).slice(1)) {
  describe(`a store ${name}, besides`, () => {
    let store: Store
    let clock: FakeClock
    let app: Context

    beforeEach(async () => {
      ({ store, clock, app } = await open() as Required<Bench>)
    })

    afterEach(async () => {
      await store.dispose()
      await app.stop()
    })

    /** Another process on the same database. */
    const another = () => new DatabaseStore(app, RETENTION, 'BOT', clock)

    it('tells who comes second whose message it is', async () => {
      const other = another()
      assert.equal(await store.claim(trace()), 'S')
      assert.equal(await other.claim(trace({ streamId: 'S2' })), 'S')
      assert.equal(await store.claim(trace({ streamId: 'S3' })), 'S')
      await other.dispose()
    })

    it('knows the groups that a bot was met in, two of them, whichever process it was', async () => {
      const other = another()
      assert.deepEqual(await store.meet('B', 'A'), ['A'])
      assert.deepEqual(await other.meet('B', 'A'), ['A'])
      assert.deepEqual((await other.meet('B', 'a'))!.sort(), ['A', 'a'])
      assert.deepEqual((await store.meet('B', 'third'))!.sort(), ['A', 'a'])
      assert.deepEqual(await store.meet('B2', 'third'), ['third'])
      await clock.jump(30 * DAY)
      assert.equal((await store.meet('B', 'A'))!.length, 2)
      await other.dispose()
    })

    it('knows both groups that are met at once', async () => {
      const other = another()
      await Promise.all([store.meet('B', 'one'), store.meet('B', 'two'), other.meet('B', 'two')])
      assert.equal((await other.meet('B', 'one'))!.length, 2)
      await other.dispose()
    })

    it('lets one of fifty have a message that all claim at once', async () => {
      const claims = Array.from({ length: 50 }, (_, index) => store.claim(trace({ streamId: `S${index}` })))
      const winners = new Set(await Promise.all(claims))
      assert.equal(winners.size, 1)
      assert.equal((await app.database.get('wecom_bot_turn', {})).length, 1)
    })

    it('knows what a stream showed last, within a second', async () => {
      const group = { botId: 'B', userId: 'U', chatId: 'wr大' }
      await store.claim(trace({ owner: group }))
      store.show(trace({ owner: group, content: 'ha' }))
      store.show(trace({ owner: group, content: 'half' }))
      await clock.pass(1000)
      const other = another()
      await eventually(async () => (await other.recall('S'))?.content)
      assert.deepEqual(await other.recall('S'), trace({ owner: group, content: 'half' }))
      store.show(trace({ owner: group, content: 'whole', finished: true }))
      await store.dispose()
      assert.deepEqual(await other.recall('S'), trace({ owner: group, content: 'whole', finished: true }))
      assert.equal(await other.recall('S2'), undefined)
      await other.dispose()
    })

    it('writes what many streams show, each as its own', async () => {
      const ids = Array.from({ length: 100 }, (_, index) => String(index))
      for (const id of ids) {
        const own = trace({ streamId: id, msgId: id })
        await store.claim(own)
        store.show({ ...own, content: `shown ${id}` })
      }
      await store.dispose()
      for (const id of ids) assert.equal((await store.recall(id))!.content, `shown ${id}`)
    })

    it('knows the card of an answer at once, and another process within a second', async () => {
      const other = another()
      const tasks = Array.from({ length: 100 }, (_, index) => `T${index}`)
      for (const task of tasks) store.rememberCard(card(task), true)
      assert.deepEqual(await store.card('T99'), { card: card('T99'), standing: true })
      assert.equal(await other.card('T99'), undefined)
      await clock.pass(1000)
      await eventually(async () => (await app.database.get('wecom_bot_card', {})).length === tasks.length)
      assert.deepEqual(await other.card('T99'), { card: card('T99'), standing: true })
      assert.deepEqual(await store.card('T99'), { card: card('T99'), standing: true })
      await other.dispose()
    })

    it('has written all before it is gone, although it was about to', async () => {
      const ids = Array.from({ length: 100 }, (_, index) => String(index))
      for (const id of ids) {
        const own = trace({ streamId: id, msgId: id })
        await store.claim(own)
        store.show({ ...own, content: `shown ${id}` })
      }
      await clock.pass(1000)
      await store.dispose()
      const rows = await app.database.get('wecom_bot_turn', {})
      assert.deepEqual(rows.filter(({ content }) => !content), [])
      assert.equal(rows.length, 100)
    })

    it('forgets what was shown after its retention, and the message after a week', async () => {
      await store.claim(trace())
      store.show(trace({ content: 'secret', finished: true }))
      await clock.pass(1000)
      await eventually(async () => (await store.recall('S'))!.content === 'secret')
      await clock.jump(RETENTION + 61_000)
      await eventually(async () => (await store.recall('S'))!.content === '')
      assert.equal(await store.claim(trace({ streamId: 'S2' })), 'S')
      await clock.jump(7 * DAY)
      assert.equal(await store.recall('S'), undefined)
      await eventually(async () => !(await app.database.get('wecom_bot_turn', {})).length)
    })

    it('sweeps out all that is over', async () => {
      store.rememberCard(card(), false)
      await store.answer('T', '', answer('b'))
      await store.rememberOpinion('S', opinion('A'))
      await store.keep([{ target: 'W', body: {} }])
      await eventually(() => store.card('T'))
      await clock.jump(7 * DAY + 61_000)
      for (const table of ['card', 'answer', 'opinion', 'push'] as const) {
        await eventually(async () => !(await app.database.get(`wecom_bot_${table}`, {})).length)
      }
    })

    it('keeps the cards of another bot apart', async () => {
      const other = new DatabaseStore(app, RETENTION, 'OTHER', clock)
      store.rememberCard(card('T', 'mine'), false)
      await eventually(() => store.card('T'))
      assert.equal(await other.card('T'), undefined)
      await store.answer('T', '', answer('one'))
      other.rememberCard(card('T', 'other'), false)
      await eventually(() => other.card('T'))
      assert.equal((await store.card('T'))!.card.main_title!.title, 'mine')
      assert.equal(await other.answer('T', '', answer('two')), undefined)
      assert.deepEqual(await store.answer('T', '', answer('two')), answer('one'))
      await other.dispose()
    })

    it('gives unsent messages out once, in their order, to whom they are for', async () => {
      const body = (index: number) => ({ msgtype: 'text', text: { content: `第 ${index} 条` } })
      const pushes = Array.from({ length: 10 }, (_, index) => ({ target: 'W', body: body(index) }))
      assert.equal(await store.keep([...pushes, { target: 'X', body: body(10) }]), true)
      assert.deepEqual(await store.takeKept(['Y']), [])
      const other = another()
      const [mine, others] = await Promise.all([store.takeKept(['W']), other.takeKept(['W', 'Z'])])
      assert.equal(mine.length + others.length, 10)
      const places = pushes.map(push => JSON.stringify(push))
      const both = [mine, others].map(taken => taken.map(push => places.indexOf(JSON.stringify(push))))
      for (const one of both) assert.deepEqual(one, [...one].sort((a, b) => a - b))
      assert.equal(new Set(both.flat()).size, 10)
      assert.deepEqual(await store.takeKept(['W']), [])
      assert.deepEqual(await store.takeKept(['X']), [{ target: 'X', body: body(10) }])
      await other.dispose()
    })

    it('gives no message out after three days', async () => {
      await store.keep([{ target: 'W', body: {} }])
      await clock.jump(3 * DAY)
      assert.deepEqual(await store.takeKept(['W']), [])
    })

    it('keeps all messages or none', async () => {
      const { create } = app.database
      let count = 0
      app.database.create = ((...args: [never, never]) => {
        if (++count === 3) return Promise.reject(new Error('disk full'))
        return create.apply(app.database, args)
      }) as never
      assert.equal(await store.keep(Array.from({ length: 4 }, () => ({ target: 'W', body: {} }))), false)
      app.database.create = create
      assert.deepEqual(await app.database.get('wecom_bot_push', {}), [])
    })
  })
}

describe('a store whose database', () => {
  let app: Context
  let clock: FakeClock
  let store: DatabaseStore

  beforeEach(async () => {
    app = await openDatabase()
    clock = new FakeClock()
    store = new DatabaseStore(app, RETENTION, 'BOT', clock)
  })

  afterEach(async () => {
    await store.dispose()
    await app.stop()
  })

  it('hangs lets every message be answered after a second, and overwrites nothing that is another\'s', async () => {
    const other = new DatabaseStore(app, RETENTION, 'BOT', clock)
    await other.claim(trace({ streamId: 'OTHER' }))
    const { create } = app.database
    let release = () => {}
    const hung = new Promise<void>(resolve => release = resolve)
    app.database.create = (async (...args: [never, never]) => {
      await hung
      return create.apply(app.database, args)
    }) as never
    const claim = store.claim(trace())
    await clock.pass(1000)
    assert.equal(await claim, 'S')
    store.show(trace({ content: 'mine' }))
    await clock.pass(5000)
    release()
    await eventually(async () => {
      store.show(trace({ content: 'mine' }))
      await clock.pass(1000)
      return clock.pending <= 4
    })
    app.database.create = create
    await clock.pass(5000)
    assert.equal((await other.recall('OTHER'))!.streamId, 'OTHER')
    assert.equal(await store.recall('S'), undefined)
    await other.dispose()
  })

  it('hangs lets clicks, polls and opinions be answered after a second', async () => {
    const { get, upsert } = app.database
    app.database.get = (() => new Promise(() => {})) as never
    app.database.upsert = (() => new Promise(() => {})) as never
    const looks = Promise.all([
      store.card('T'), store.recall('S'), store.opinions('S'), store.rememberOpinion('S', opinion('A')),
    ])
    await clock.pass(1000)
    assert.deepEqual(await looks, [undefined, undefined, [], undefined])
    Object.assign(app.database, { get, upsert })
  })

  it('is gone forgets, and says so once a minute', async () => {
    speak()
    const lines: string[] = []
    const others = Logger.targets.splice(0, Infinity, { colors: 0, record: ({ content }) => void lines.push(content) })
    try {
      app.database.create = app.database.get = app.database.upsert = (() => Promise.reject(new Error('gone'))) as never
      assert.equal(await store.claim(trace()), 'S')
      assert.equal(await store.card('T'), undefined)
      assert.equal(await store.meet('B', 'A'), undefined)
      assert.equal(await store.answer('T', '', answer('b')), undefined)
      await store.rememberOpinion('S', opinion('A'))
      store.rememberCard(card(), true)
      await clock.pass(1000)
      await eventually(async () => !await store.card('T'))
      assert.equal(await store.keep([{ target: 'W', body: {} }]), false)
      assert.deepEqual(await store.takeKept(['W']), [])
      assert.equal(lines.length, 1)
      assert.match(lines[0], /gone.*restart/)
      await clock.pass(61_000)
      await store.card('T')
      assert.equal(lines.length, 2)
    } finally {
      Logger.targets.splice(0, Infinity, ...others)
      speak = silence()
    }
  })
})

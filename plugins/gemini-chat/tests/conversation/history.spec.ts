import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import sqlite from '@koishijs/plugin-database-sqlite'
import { Context } from 'koishi'
import { Archive } from '../../src/conversation/archive'
import { DatabaseHistory, declareTurnTable } from '../../src/conversation/database-history'
import { accessTo, createAccess } from '../support/database'
import { MemoryHistory } from '../../src/conversation/history'
import type { History } from '../../src/conversation/history'
import { ContextWindow } from '../../src/conversation/context-window'
import type { Turn } from '../../src/conversation/turn'
import '../support/quiet'

const START = 1_800_000_000_000

let time = START

const now = () => time

function turn(text: string, tokens = 10): Turn {
  return {
    contents: [
      { role: 'user', parts: [{ text }] },
      { role: 'model', parts: [
        { text: `${text}!`, native: { engine: 'gemini', fields: { thoughtSignature: 'c2ln' } } },
        { toolCall: { id: '1', name: 'f', arguments: { n: 1 } } },
      ] },
    ],
    tokens,
  }
}

async function texts(history: Pick<History, 'load'>, scope = 'a') {
  return (await history.load(scope)).map(({ contents }) => contents[0].parts[0].text)
}

async function withDatabase(driver: Parameters<Context['plugin']>[0], config: object) {
  const app = new Context()
  app.plugin(driver, config)
  declareTurnTable(app)
  await app.start()
  await new Promise<void>(resolve => app.inject(['database'], () => resolve()))
  return { history: new DatabaseHistory(createAccess(app), now), close: () => app.stop() }
}

const stores: Record<string, () => Promise<{ history: History, close(): Promise<void> }>> = {
  'in memory': async () => ({ history: new MemoryHistory(now), close: async () => {} }),
  'in a database': () => withDatabase(memory as never, {}),
  'in sqlite': () => withDatabase(sqlite as never, { path: ':memory:' }),
}

for (const [name, create] of Object.entries(stores)) {
  describe(`History ${name}`, () => {
    let history: History
    let close: () => Promise<void>

    beforeEach(async () => {
      time = START;
      ({ history, close } = await create())
    })

    afterEach(() => close())

    it('returns turns in order, unchanged', async () => {
      await history.append('a', turn('1'))
      await history.append('a', { ...turn('2'), interrupted: true })
      const [first, second] = await history.load('a')
      assert.deepEqual(first.contents, turn('1').contents)
      assert.equal(first.tokens, 10)
      assert.equal(!!first.interrupted, false)
      assert.deepEqual(second.contents, turn('2').contents)
      assert.equal(second.interrupted, true)
      assert.ok(first.id < second.id)
    })

    it('keeps conversations apart', async () => {
      await history.append('a', turn('1'))
      await history.append('b', turn('2'))
      assert.deepEqual(await texts(history), ['1'])
      assert.deepEqual(await texts(history, 'b'), ['2'])
      assert.deepEqual(await texts(history, 'c'), [])
    })

    it('deletes a conversation', async () => {
      await history.append('a', turn('1'))
      await history.append('b', turn('2'))
      await history.forget('a')
      assert.deepEqual(await texts(history), [])
      assert.deepEqual(await texts(history, 'b'), ['2'])
    })

    it('deletes the oldest turns', async () => {
      await history.append('a', turn('1'))
      await history.append('b', turn('other'))
      await history.append('a', turn('2'))
      await history.append('a', turn('3'))
      const [, second] = await history.load('a')
      await history.forget('a', second.id)
      assert.deepEqual(await texts(history), ['3'])
      assert.deepEqual(await texts(history, 'b'), ['other'])
    })

    it('deletes the newest turns', async () => {
      await history.append('a', turn('1'))
      await history.append('a', turn('2'))
      await history.append('b', turn('other'))
      await history.append('a', turn('3'))
      const [, second] = await history.load('a')
      await history.rewind('a', second.id)
      assert.deepEqual(await texts(history), ['1'])
      assert.deepEqual(await texts(history, 'b'), ['other'])
    })

    it('replaces the newest turns with one and appends after it', async () => {
      for (const text of ['1', '2', '3']) await history.append('a', turn(text))
      await history.append('b', turn('other'))
      const [, second] = await history.load('a')
      time += 1000
      await history.rewrite('a', second.id, { ...turn('new', 7), interrupted: true })
      const turns = await history.load('a')
      assert.deepEqual(turns.map(({ id, tokens, interrupted, at }) => [id, tokens, !!interrupted, at]).at(-1), [
        second.id, 7, true, now(),
      ])
      await history.append('a', turn('4'))
      assert.deepEqual(await texts(history), ['1', 'new', '4'])
      assert.deepEqual(await texts(history, 'b'), ['other'])
    })

    it('appends a replacement whose turn is gone', async () => {
      await history.append('a', turn('1'))
      const [{ id }] = await history.load('a')
      await history.forget('a')
      await history.rewrite('a', id, turn('new'))
      assert.deepEqual(await texts(history), ['new'])
    })

    it('replaces the oldest turns with one and appends after it', async () => {
      for (const text of ['1', '2', '3']) await history.append('a', turn(text))
      await history.append('b', turn('other'))
      const [, second] = await history.load('a')
      await history.condense('a', second.id, turn('sum', 7))
      await history.append('a', turn('4'))
      assert.deepEqual(await texts(history), ['sum', '3', '4'])
      assert.deepEqual((await history.load('a')).map(({ tokens }) => tokens), [7, 10, 10])
      assert.deepEqual(await texts(history, 'b'), ['other'])
    })

    it('stores the time of turns', async () => {
      await history.append('a', turn('1'))
      assert.deepEqual((await history.load('a')).map(({ at }) => at), [now()])
    })

    it('finds idle conversations and their last turn', async () => {
      await history.append('a', turn('1'))
      await history.append('b', turn('other'))
      time += 5000
      await history.append('a', turn('2'))
      await history.append('c', turn('new'))
      const [{ id }] = await history.load('b')
      assert.deepEqual(await history.findIdle(START), [])
      assert.deepEqual(await history.findIdle(START + 5000), [{ scope: 'b', id }])
      assert.deepEqual((await history.findIdle(START + 5001)).map(({ scope }) => scope).sort(), ['a', 'b', 'c'])
    })
  })
}

describe('MemoryHistory', () => {
  it('keeps the most recently used conversations', async () => {
    const history = new MemoryHistory(now, 2)
    await history.append('a', turn('1'))
    await history.append('b', turn('2'))
    await history.load('a')
    await history.append('c', turn('3'))
    assert.deepEqual(await texts(history, 'a'), ['1'])
    assert.deepEqual(await texts(history, 'b'), [])
    assert.deepEqual(await texts(history, 'c'), ['3'])
  })

  it('returns lists that later changes do not touch', async () => {
    const history = new MemoryHistory(now)
    await history.append('a', turn('1'))
    const before = await history.load('a')
    await history.append('a', turn('2'))
    assert.equal(before.length, 1)
  })
})

describe('Archive', () => {
  let history: MemoryHistory

  beforeEach(() => {
    history = new MemoryHistory(now)
  })

  function archive(source: () => History = () => history, access = accessTo({})) {
    return new Archive(source, access)
  }

  function memory(budget: number) {
    return new ContextWindow(archive(), { budget, expiry: 0, clock: { now, monotonic: now } })
  }

  it('deletes turns beyond the budget', async () => {
    for (const name of ['1', '2', '3']) await history.append('a', turn(name))
    const { turns } = await memory(25).recall('a', 0)
    assert.deepEqual(turns.map(turn => turn.contents[0].parts[0].text), ['2', '3'])
    assert.deepEqual(await texts(history), ['2', '3'])
  })

  it('deletes all turns without a budget', async () => {
    await history.append('a', turn('1'))
    assert.deepEqual((await memory(0).recall('a', 0)).turns, [])
    assert.deepEqual(await texts(history), [])
  })

  it('works without history while the store fails', async () => {
    let failing = true
    const source = () => {
      if (failing) throw new Error('connection lost')
      return history
    }
    const subject = archive(source)
    assert.deepEqual(await subject.load('a'), [])
    await subject.append('a', turn('lost'))
    assert.deepEqual(await subject.load('a'), [])
    failing = false
    await subject.append('a', turn('1'))
    assert.equal((await subject.load('a')).length, 1)
  })

  it('logs a failing database once, and that it works again', async () => {
    const lines: string[] = []
    let failing = true
    const database = {
      get: async () => {
        if (failing) throw new Error('connection lost')
        return []
      },
    }
    const access = accessTo(database, lines)
    const subject = archive(() => new DatabaseHistory(access, now), access)
    for (let count = 0; count < 3; count++) assert.deepEqual(await subject.load('a'), [])
    failing = false
    for (let count = 0; count < 3; count++) assert.deepEqual(await subject.load('a'), [])
    assert.deepEqual(lines, ['could not access it in the database: connection lost', 'access to it in the database works again'])
  })

  it('throws if deleting fails', async () => {
    const failing = { ...history, forget: () => Promise.reject(new Error('connection lost')) }
    await assert.rejects(archive(() => failing as never).clear('a'), /connection lost/)
  })
})

import assert from 'node:assert/strict'
import { Archive } from '../../src/conversation/archive'
import { isSummary, formatTokens, summaryRequest } from '../../src/conversation/compaction'
import { accessTo } from '../support/database'
import { MemoryHistory } from '../../src/conversation/history'
import { ContextWindow } from '../../src/conversation/context-window'
import type { ContextWindowOptions, Summarise } from '../../src/conversation/context-window'
import type { Turn } from '../../src/conversation/turn'
import { EngineError } from '../../src/engine/error'

function turn(text: string, tokens: number): Turn {
  return { contents: [{ role: 'user', parts: [{ text }] }, { role: 'model', parts: [{ text: `${text}!` }] }], tokens }
}

describe('ContextWindow', () => {
  let history: MemoryHistory
  let time: number
  const now = () => time
  const clock = { now, monotonic: now }
  const texts = (turns: Turn[]) => turns.map(({ contents }) => contents[0].parts[0].text)

  beforeEach(() => {
    time = 1_800_000_000_000
    history = new MemoryHistory(now)
  })

  function memory(options: Partial<ContextWindowOptions> = {}) {
    return new ContextWindow(new Archive(() => history, accessTo({})), { budget: 4000, expiry: 0, clock, ...options })
  }

  async function say(...tokens: number[]) {
    for (const [index, count] of tokens.entries()) await history.append('a', turn(String(index + 1), count))
  }

  describe('with an expiry', () => {
    it('forgets an expired conversation, with a notice', async () => {
      await say(10, 10)
      time += 60_001
      const subject = memory({ expiry: 60_000 })
      assert.deepEqual(await subject.recall('a', 0), { turns: [], notices: [['expired']] })
      assert.deepEqual(await subject.recall('a', 0), { turns: [], notices: [] })
    })

    it('keeps a conversation with a recent turn', async () => {
      await say(10)
      time += 50_000
      await say(10)
      time += 50_000
      assert.equal((await memory({ expiry: 60_000 }).recall('a', 0)).turns.length, 2)
    })

    it('keeps a conversation that is in use when the clock is set forward', async () => {
      await say(10)
      let uptime = 0
      const subject = memory({ expiry: 60_000, clock: { now, monotonic: () => uptime } })
      assert.equal((await subject.recall('a', 0)).turns.length, 1)
      time += 3_600_000
      uptime += 60_000
      await subject.expireIdle(() => false)
      assert.equal((await subject.recall('a', 0)).turns.length, 1)
      uptime += 60_001
      assert.deepEqual((await subject.recall('a', 0)).notices, [['expired']])
    })

    it('keeps everything with an expiry of 0', async () => {
      await say(10)
      time += 10 ** 10
      assert.equal((await memory().recall('a', 0)).turns.length, 1)
    })
  })

  describe('after background expiry', () => {
    const notBusy = () => false

    it('has deleted idle conversations, with a notice for the next question', async () => {
      await say(10, 10)
      time += 40_000
      await history.append('b', turn('later', 10))
      time += 20_001
      const subject = memory({ expiry: 60_000 })
      await subject.expireIdle(notBusy)
      assert.deepEqual([...await history.load('a'), ...texts(await history.load('b'))], ['later'])
      assert.deepEqual(await subject.recall('a', 0), { turns: [], notices: [['expired']] })
      assert.deepEqual(await subject.recall('a', 0), { turns: [], notices: [] })
    })

    it('gives no notice for conversations that never existed', async () => {
      const subject = memory({ expiry: 60_000 })
      await subject.expireIdle(notBusy)
      assert.deepEqual(await subject.recall('a', 0), { turns: [], notices: [] })
    })

    it('keeps conversations with a question in progress', async () => {
      await say(10, 10)
      time += 60_001
      const subject = memory({ expiry: 60_000 })
      await subject.expireIdle(scope => scope === 'a')
      await say(10)
      assert.equal((await subject.recall('a', 0)).turns.length, 3)
    })

    it('keeps turns added while it deleted', async () => {
      await say(10)
      time += 60_001
      const subject = memory({ expiry: 60_000 })
      const { findIdle } = history
      history.findIdle = async (before) => {
        const ends = await findIdle.call(history, before)
        await history.append('a', turn('new', 10))
        return ends
      }
      await subject.expireIdle(notBusy)
      assert.deepEqual(await subject.recall('a', 0), { turns: await history.load('a'), notices: [] })
      assert.deepEqual(texts(await history.load('a')), ['new'])
    })

    it('remembers at most a thousand deleted conversations', async () => {
      history = new MemoryHistory(now, 2000)
      for (let index = 0; index < 1001; index++) await history.append(String(index), turn('hello', 10))
      time += 60_001
      const subject = memory({ expiry: 60_000 })
      await subject.expireIdle(notBusy)
      assert.equal(history.size, 0)
      assert.deepEqual((await subject.recall('0', 0)).notices, [])
      assert.deepEqual((await subject.recall('1', 0)).notices, [['expired']])
    })
  })

  describe('beyond the budget', () => {
    it('replaces older turns with a summary, with a notice', async () => {
      await say(2000, 1500, 500, 400)
      const asked: (string | undefined)[][] = []
      const { turns, notices } = await memory().recall('a', 100, async (turns) => {
        asked.push(texts(turns))
        return 'what was said'
      })
      assert.deepEqual(asked, [['1', '2']])
      assert.deepEqual(texts(turns), ['[Summary of the conversation before]\nwhat was said', '3', '4'])
      assert.ok(isSummary(turns[0]))
      assert.deepEqual(notices, [['compacted', { before: '4.4k', after: formatTokens(turns.reduce((sum, { tokens }) => sum + tokens, 0)) }]])
      assert.deepEqual(texts(await history.load('a')), texts(turns))
    })

    it('summarises a summary together with later turns', async () => {
      await say(2000, 2500)
      await memory().recall('a', 0, async () => 'first')
      await say(2000, 2500)
      const { turns } = await memory().recall('a', 0, async turns => `${texts(turns)[0]!.split('\n')[1]}, second`)
      assert.deepEqual(texts(turns), ['[Summary of the conversation before]\nfirst, second'])
    })

    it('keeps the last turn unless it takes half of the budget', async () => {
      await say(3000, 1900)
      const { turns } = await memory().recall('a', 0, async () => 'sum')
      assert.deepEqual(texts(turns), ['[Summary of the conversation before]\nsum', '2'])
    })

    for (const [reason, summarise] of Object.entries<Summarise | undefined>({
      'summing up fails': () => Promise.reject(new Error('no')),
      'the summary says nothing': async () => ' ',
      'the summary is as long as what it sums up': async () => 'word '.repeat(5000),
      'it is not to be summed up': undefined,
    })) {
      it(`keeps the newest turns, if ${reason}`, async () => {
        await say(3000, 1500, 2000)
        const { turns, notices } = await memory().recall('a', 100, summarise)
        assert.deepEqual(texts(turns), ['2', '3'])
        assert.deepEqual(notices, summarise ? [['left-out']] : [])
        assert.deepEqual(texts(await history.load('a')), summarise ? ['1', '2', '3'] : ['2', '3'])
      })
    }

    it('retries a failed summary when the conversation has grown by a quarter', async () => {
      await say(3000, 1500, 2000)
      const subject = memory()
      let tries = 0
      const recall = (works = false) => subject.recall('a', 0, async () => {
        tries++
        if (works) return 'sum'
        throw new Error('no')
      })
      assert.deepEqual((await recall()).notices, [['left-out']])
      assert.deepEqual([await recall(), tries], [{ turns: (await history.load('a')).slice(1), notices: [] }, 1])
      await say(1300)
      assert.deepEqual((await recall()).notices, [])
      await say(300)
      assert.deepEqual([(await recall()).notices, tries], [[['left-out']], 2])
      await say(2900)
      assert.deepEqual(texts((await recall(true)).turns), ['[Summary of the conversation before]\nsum'])
      assert.equal(tries, 3)
    })

    it('keeps at most twice the budget after a failure', async () => {
      const subject = memory()
      for (let round = 0; round < 20; round++) {
        await say(900)
        await subject.recall('a', 0, () => Promise.reject(new Error('no')))
      }
      assert.equal((await history.load('a')).length, 8)
    })

    it('retries at once after a stopped summary', async () => {
      await say(3000, 1500, 2000)
      const subject = memory()
      const stopped = () => Promise.reject(new EngineError('aborted', 'the request was aborted'))
      assert.deepEqual((await subject.recall('a', 0, stopped)).notices, [])
      assert.equal((await history.load('a')).length, 3)
      assert.deepEqual((await subject.recall('a', 0, async () => 'sum')).notices.length, 1)
    })

    it('skips a summary that saves too little', async () => {
      await say(50, 50)
      const { turns } = await memory({ budget: 60 }).recall('a', 0, () => assert.fail())
      assert.deepEqual(texts(turns), ['2'])
    })

    it('leaves room for the question', async () => {
      await say(2000, 1500, 500, 400)
      const { turns } = await memory().recall('a', 3500, async () => 'what was said')
      assert.deepEqual(texts(turns), ['4'])
    })
  })

  it('gives the turns before a question that is asked again', async () => {
    await say(3000, 900, 2000)
    const turns = await history.load('a')
    time += 10 ** 9
    assert.deepEqual(texts(await memory({ expiry: 1 }).recallBefore('a', turns[2], 100)), ['1', '2'])
    assert.deepEqual(texts(await memory().recallBefore('a', turns[2], 500)), ['2'])
    assert.equal((await history.load('a')).length, 3)
  })

  it('asks for the summary after the turns', async () => {
    await say(10)
    const contents = summaryRequest(await history.load('a'))
    assert.deepEqual(contents.map(({ role }) => role), ['user', 'model', 'user'])
    assert.match(contents[2].parts[0].text!, /^Summarise/)
  })

  it('keeps tool calls and their results together', async () => {
    const tools: Turn = {
      contents: [
        { role: 'user', parts: [{ text: '2' }] },
        { role: 'model', parts: [{ toolCall: { id: '1', name: 'f', arguments: {} } }] },
        { role: 'tool', parts: [{ toolResult: { id: '1', name: 'f', content: '{}' } }] },
        { role: 'model', parts: [{ text: 'done' }] },
      ],
      tokens: 900,
    }
    await say(4000)
    await history.append('a', tools)
    const { turns } = await memory().recall('a', 0, async () => 'sum')
    assert.equal(turns.length, 2)
    assert.deepEqual(turns[1].contents, tools.contents)
  })

  it('rounds token counts for people', () => {
    assert.deepEqual([999, 1000, 6049, 41_300].map(formatTokens), ['999', '1k', '6k', '41.3k'])
  })
})

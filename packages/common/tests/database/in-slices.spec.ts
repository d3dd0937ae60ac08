import assert from 'node:assert/strict'
import { inKeyRanges, inSlices } from '../../src/database'

describe('a query over a range, piece by piece', () => {
  function useCpu(ms: number) {
    for (const start = process.cpuUsage(); ;) {
      const { user, system } = process.cpuUsage(start)
      if (user + system >= ms * 1000) return
    }
  }

  it('takes everything once, in pieces that grow while they are cheap', async () => {
    const pieces: [number, number][] = []
    await inSlices(1000, async (from, to) => void pieces.push([from, to]))
    let next = 0
    for (const [from, to] of pieces) {
      assert.equal(from, next)
      next = to
    }
    assert.equal(next, 1000)
    assert.ok(pieces.length <= 20, `${pieces.length}`)
  })

  it('takes smaller pieces where they hold the event loop, but at least one at a time', async () => {
    const widths: number[] = []
    await inSlices(20, async (from, to) => {
      widths.push(to - from)
      useCpu(12)
    }, { width: 8 })
    assert.deepEqual(widths.slice(0, 4), [8, 4, 2, 1])
    assert.equal(widths.reduce((sum, width) => sum + width), 20)
    assert.ok(widths.every(width => width >= 1))
  })

  it('does not take many more queries where each costs much, however small its piece', async () => {
    let queries = 0
    await inKeyRanges(async () => {
      queries++
      useCpu(6)
    })
    assert.ok(queries <= 32, `${queries}`)
  })

  it('lets other work have its turn after each piece', async () => {
    const events: string[] = []
    await inSlices(3, async () => {
      events.push('query')
      setImmediate(() => events.push('other'))
    })
    assert.deepEqual(events.slice(0, 3), ['query', 'other', 'query'])
  })

  it('takes every key once', async () => {
    const keys = ['00', '0f'.padEnd(64, 'f'), '10'.padEnd(64, '0'), '7f', '80', 'ff'.padEnd(64, 'f')]
    const found: string[] = []
    await inKeyRanges(async ({ $gte, $lt }) => {
      found.push(...keys.filter(key => key >= $gte && ($lt === undefined || key < $lt)))
    })
    assert.deepEqual(found, keys)
  })

  it('ends with the error of a query', async () => {
    await assert.rejects(inSlices(5, async (from) => {
      if (from) throw new Error('gone')
    }), /gone/)
  })
})

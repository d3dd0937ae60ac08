import assert from 'node:assert/strict'
import { estimateText, estimateContents, fitTurns, measureTurn } from '../../src/conversation/tokens'
import type { StoredTurn } from '../../src/conversation/history'
import type { Content } from '../../src/engine/types'

const turns = (...tokens: number[]) => tokens.map((tokens, index) => ({ id: index + 1, at: 0, contents: [], tokens }))
const ids = (list: { id: number }[]) => list.map(turn => turn.id)

describe('token estimates', () => {
  it('count 1 for 1.5 Chinese characters, or for 4 others', () => {
    assert.equal(estimateText('一二三'), 2)
    assert.equal(estimateText('abcdefgh'), 2)
    assert.equal(estimateText('一二三 abc def'), 4)
    assert.equal(estimateText(''), 0)
  })

  it('count files and tool calls', () => {
    const parts = [
      { text: 'abcd' },
      { file: { mimeType: 'image/png', data: 'AAAA'.repeat(10_000) } },
      { toolCall: { id: '1', name: 'search', arguments: { query: 'koishi' } } },
    ]
    const tokens = estimateContents([{ role: 'user', parts }])
    assert.ok(tokens > 1121 && tokens < 1200, String(tokens))
  })
})

describe('measureTurn', () => {
  const contents: Content[] = [{ role: 'user', parts: [{ text: 'abcd' }] }, { role: 'model', parts: [{ text: 'abcd' }] }]

  it('counts what exceeds the history', () => {
    const usage = { inputTokens: 130, outputTokens: 20 }
    assert.equal(measureTurn(contents, turns(60, 40), usage), 50)
    assert.equal(measureTurn(contents, [], usage), 150)
  })

  it('keeps the sum at the last measure, whatever was deleted meanwhile', () => {
    const first = measureTurn(contents, [], { inputTokens: 100, outputTokens: 10 })
    const second = measureTurn(contents, turns(first), { inputTokens: 120, outputTokens: 10 })
    // The first turn is deleted, which included the tokens of the system instruction.
    const third = measureTurn(contents, turns(second), { inputTokens: 125, outputTokens: 10 })
    assert.equal(second + third, 135)
  })

  it('estimates without reported usage', () => {
    assert.equal(measureTurn(contents, turns(60)), 2)
    assert.equal(measureTurn(contents, turns(60), { inputTokens: 80 }), 2)
  })

  it('leaves out files', () => {
    const usage = { inputTokens: 6200, fileTokens: 6120, outputTokens: 20 }
    assert.equal(measureTurn(contents, turns(60), usage), 40)
  })

  it('gives at least a quarter of the estimate', () => {
    const usage = { inputTokens: 80, outputTokens: 10 }
    assert.equal(measureTurn(contents, turns(600), usage), 1)
    assert.equal(measureTurn([{ role: 'user', parts: [{ text: 'x'.repeat(4000) }] }], turns(600), usage), 250)
  })

  it('limits a history whose tokens a relay does not count', () => {
    const said: Content[] = [{ role: 'user', parts: [{ text: 'x'.repeat(40) }] }]
    const usage = { inputTokens: 8, outputTokens: 2 }
    let history: StoredTurn[] = []
    for (let id = 0; id < 1000; id++) {
      const tokens = measureTurn(said, history, usage)
      history = fitTurns([...history, { contents: said, tokens, id, at: 0 }], 300)
    }
    assert.equal(history.length, 100)
  })
})

describe('fitTurns', () => {
  it('leaves out whole turns, oldest first', () => {
    assert.deepEqual(ids(fitTurns(turns(50, 30, 20), 100)), [1, 2, 3])
    assert.deepEqual(ids(fitTurns(turns(50, 30, 20), 99)), [2, 3])
    assert.deepEqual(ids(fitTurns(turns(50, 30, 20), 49)), [3])
    assert.deepEqual(ids(fitTurns(turns(50, 30, 20), 19)), [])
  })

  it('leaves out everything before a turn that does not fit', () => {
    assert.deepEqual(ids(fitTurns(turns(1, 100, 10), 50)), [3])
  })

  it('keeps nothing without room', () => {
    assert.deepEqual(fitTurns(turns(10), 0), [])
    assert.deepEqual(fitTurns(turns(10), -5), [])
    assert.deepEqual(fitTurns([], 100), [])
  })
})

import assert from 'node:assert'
import { readGrounding } from '../../../src/engine/gemini/grounding'
import type { Chunk } from '../../../src/engine/gemini/chunks'
import { ChunkReader } from '../../../src/engine/gemini/chunks'
import { encodePart } from '../../../src/engine/gemini/parts'
import type { WirePart } from '../../../src/engine/gemini/parts'

function chunk(parts: WirePart[], finishReason?: string): Chunk {
  return { candidates: [{ content: { parts }, finishReason }] }
}

function read(...chunks: Chunk[]) {
  const answer = new ChunkReader()
  return { answer, events: chunks.flatMap(chunk => answer.read(chunk)) }
}

const kinds = (...chunks: Chunk[]) => read(...chunks).events.map(event => event.type)

describe('ChunkReader', () => {
  it('reports every part once and unchanged, with its text', () => {
    const parts: WirePart[] = [
      { text: 'Let me think', thought: true },
      { text: '你好', thoughtSignature: 'c2ln' },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
      { functionCall: { id: 'call-1', name: 'now', args: {} }, thoughtSignature: 'c2ln', future: { a: 1 } },
      { text: '', thoughtSignature: 'bGFzdA==' },
    ]
    const { events } = read(chunk(parts.slice(0, 3)), chunk(parts.slice(3), 'STOP'))
    const reported = events.flatMap(event => event.type === 'part' ? [event.part] : [])
    assert.deepEqual(reported.map(encodePart), parts)
    assert.deepEqual([reported[1].native, reported[2].file, reported[3].toolCall], [
      { engine: 'gemini', fields: { thoughtSignature: 'c2ln' } }, { mimeType: 'image/png', data: 'AAAA' },
      { id: 'call-1', name: 'now', arguments: {} },
    ])
    assert.deepEqual(events.filter(event => event.type !== 'part'), [
      { type: 'thought', text: 'Let me think' },
      { type: 'text', text: '你好' },
    ])
  })

  it('shows programs and their output as code blocks', () => {
    const parts: WirePart[] = [
      { text: 'Let us see.' },
      { executableCode: { language: 'PYTHON', code: 'print("```")\n\n' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '```\n' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK' } },
      { executableCode: { language: 'x\n<b>', code: '1' } },
    ]
    const { answer, events } = read(chunk(parts, 'STOP'))
    const reported = events.flatMap(event => event.type === 'part' ? [event.part] : [])
    assert.deepEqual(reported.map(encodePart), parts)
    const shown = events.map(event => event.type === 'text' ? event.text : '').join('')
    assert.equal(reported.map(({ text = '' }) => text).join(''), shown)
    assert.equal(shown, [
      'Let us see.', '````python\nprint("```")\n````', '', '````\n```\n````', '', '```xb\n1\n```', '',
    ].join('\n\n'))
    assert.equal(answer.end().type, 'end')
  })

  it('reports sources and token counts', () => {
    const groundingMetadata = { webSearchQueries: ['koishi'] }
    const usageMetadata = { promptTokenCount: 1, totalTokenCount: 3, thoughtsTokenCount: 2 }
    const { events } = read({ candidates: [{ groundingMetadata }], usageMetadata })
    assert.deepEqual(events, [
      { type: 'sources', ...readGrounding(groundingMetadata) },
      { type: 'usage', usage: { inputTokens: 1, totalTokens: 3, thinkingTokens: 2 } },
    ])
  })

  it('ends with the finish reason', () => {
    assert.deepEqual(read(chunk([{ text: 'a' }]), chunk([], 'STOP')).answer.end(),
      { type: 'end', reason: 'stop', detail: 'STOP' })
    for (const detail of ['MAX_TOKENS', 'CONTINUATION']) {
      assert.deepEqual(read(chunk([{ text: 'a' }], detail)).answer.end(), { type: 'end', reason: 'length', detail })
    }
    assert.deepEqual(read(chunk([{ text: 'a' }], 'OTHER')).answer.end(),
      { type: 'end', reason: 'other', detail: 'OTHER' })
  })

  it('ends with reason other if there is no finish reason', () => {
    assert.deepEqual(read(chunk([{ text: 'a' }])).answer.end(),
      { type: 'end', reason: 'other', detail: 'FINISH_REASON_UNSPECIFIED' })
  })

  it('accepts an image or a call as content', () => {
    for (const part of [{ inlineData: { mimeType: 'image/png', data: '' } }, { functionCall: { name: 'now' } }]) {
      assert.equal(read(chunk([part], 'STOP')).answer.end().type, 'end')
    }
  })

  it('throws empty for blank text, or thoughts only', () => {
    const empty = { kind: 'empty', detail: 'STOP', retryable: true }
    assert.throws(() => read(chunk([], 'STOP')).answer.end(), empty)
    assert.throws(() => read(chunk([{ text: '' }, { text: '\n ' }], 'STOP')).answer.end(), empty)
    assert.throws(() => read(chunk([{ text: 'hm', thought: true }], 'STOP')).answer.end(), empty)
    assert.throws(() => read(chunk([{ text: '', thoughtSignature: 'c2ln' }], 'STOP')).answer.end(), empty)
    assert.throws(() => read({}).answer.end(), { kind: 'empty', detail: 'FINISH_REASON_UNSPECIFIED' })
  })

  it('throws a final empty at the token limit', () => {
    for (const detail of ['MAX_TOKENS', 'CONTINUATION']) {
      assert.throws(() => read(chunk([], detail)).answer.end(),
        { kind: 'empty', reason: 'length', detail, retryable: false })
    }
  })

  it('throws blocked for a blocked prompt', () => {
    const promptFeedback = { blockReason: 'PROHIBITED_CONTENT', blockReasonMessage: 'because' }
    assert.throws(() => read({ promptFeedback }).answer.end(), {
      kind: 'blocked', reason: 'prompt', detail: 'PROHIBITED_CONTENT',
      message: 'the prompt was blocked: PROHIBITED_CONTENT, because',
    })
  })

  it('throws blocked after the text before a filter', () => {
    for (const detail of ['SAFETY', 'RECITATION', 'SPII', 'IMAGE_SAFETY']) {
      const { answer, events } = read(chunk([{ text: 'Well' }]), { candidates: [{ finishReason: detail }] })
      assert.deepEqual(events.map(event => event.type), ['part', 'text'])
      assert.throws(() => answer.end(), { kind: 'blocked', reason: 'answer', detail, retryable: false })
    }
  })

  it('ignores missing and unknown fields', () => {
    assert.deepEqual(kinds({}, { candidates: [] }, { candidates: [{}] }, { candidates: [{ content: {} }] }), [])
    assert.deepEqual(kinds({ candidates: [{ content: { parts: [{ text: 'a' }] } }, { content: { parts: [{ text: 'b' }] } }] }),
      ['part', 'text'])
  })
})

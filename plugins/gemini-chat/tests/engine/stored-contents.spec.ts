import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { rowKey } from 'common/database'
import { Context } from 'koishi'
import { DatabaseHistory, declareTurnTable } from '../../src/conversation/database-history'
import { readStoredContents } from '../../src/engine/stored-contents'
import { encodeContents } from '../../src/engine/gemini/contents'
import type { Part } from '../../src/engine/types'
import { createAccess } from '../support/database'

/** Messages as the version before wrote them: parts exactly as Gemini writes them. */
const former = [
  { role: 'user', parts: [{ text: '[image]' }, { reference: { kind: 'image', src: 'https://example.com/a.png' } }] },
  {
    role: 'model',
    parts: [
      { text: 'hm', thought: true },
      { text: 'a', thoughtSignature: 'c2ln' },
      { toolCall: { toolType: 'GOOGLE_SEARCH_WEB', args: {}, id: 's' }, thoughtSignature: 'dG9vbA==' },
      { toolResponse: { toolType: 'GOOGLE_SEARCH_WEB', response: {}, id: 's' } },
      { executableCode: { language: 'PYTHON', code: 'print(1)' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
      { text: 'b' },
      { text: '', thoughtSignature: 'bGFzdA==' },
    ],
  },
]

describe('turns that the version before stored', () => {
  it('are read from its rows in the form of this version', async () => {
    const app = new Context()
    app.plugin(memory as never)
    declareTurnTable(app)
    await app.start()
    try {
      await new Promise<void>(resolve => app.inject(['database'], () => resolve()))
      await app.database.create('gemini_turn', {
        scope: rowKey('direct:a'), conversation: 'direct:a', contents: former as never, tokens: 9, interrupted: false,
        createdAt: new Date(),
      })
      const [{ contents: [question, answer] }] = await new DatabaseHistory(createAccess(app), Date.now).load('direct:a')
      const native = (fields: object) => ({ native: { engine: 'gemini', fields } })
      assert.deepEqual(question, former[0])
      assert.deepEqual(answer.parts, [
        { text: 'hm', thought: true },
        { text: 'a', ...native({ thoughtSignature: 'c2ln' }) },
        native(former[1].parts[2]),
        native(former[1].parts[3]),
        { text: '\n\n```python\nprint(1)\n```\n\n', ...native(former[1].parts[4]) },
        { text: '\n\n```\n1\n```\n\n', ...native(former[1].parts[5]) },
        { text: 'b' },
        { text: '', ...native({ thoughtSignature: 'bGFzdA==' }) },
      ])
    } finally {
      await app.stop()
    }
  })

  it('reach Gemini exactly as before', () => {
    const [, answer] = encodeContents(readStoredContents(former as never), { model: 'gemini-3.8-flash' })
    assert.deepEqual(answer.parts, former[1].parts.slice(1))
  })

  it('are not told from those of this version, which stay as they are', () => {
    const parts: Part[] = [
      { text: 'a', thought: true },
      { toolCall: { id: '1', name: 'f', arguments: {} } }, { toolResult: { id: '1', name: 'f', content: '{}' } },
      { file: { mimeType: 'image/png', data: 'AAAA' } }, { native: { engine: 'openai', fields: { a: 1 } } },
    ]
    assert.deepEqual(readStoredContents([{ role: 'model', parts }]), [{ role: 'model', parts }])
  })
})

import assert from 'node:assert/strict'
import { createApp } from '../support/app'
import type { TestApp } from '../support/app'
import { ConversationQueue } from '../../src/conversation/queue'

describe('what the page of assistant-status is told', () => {
  let test: TestApp

  beforeEach(async () => { test = await createApp({ config: { apiKeys: ['AIza-a-long-secret-key-1234', 'short'], model: 'm' } }) })
  afterEach(() => test.close())

  it('is the model and the keys, without the keys themselves', () => {
    const parts: object[] = []
    test.app.emit('assistant-status/now', parts)
    const unused = { requests: 0, failures: 0, refused: false, exhausted: [] }
    assert.deepEqual(parts, [{
      source: 'gemini-chat', model: 'm', answering: 0, waiting: 0,
      keys: [{ bucket: '#1', position: 1, tail: '1234', ...unused }, { bucket: '#2', position: 2, tail: '', ...unused }],
    }])
  })

  it('is nothing once the plugin is unloaded', () => {
    test.unload()
    const parts: object[] = []
    test.app.emit('assistant-status/now', parts)
    assert.deepEqual(parts, [])
  })

  it('counts the questions that wait for an earlier one of their conversation', async () => {
    const queue = new ConversationQueue()
    let finish!: () => void
    const end = new Promise<void>(resolve => finish = resolve)
    const tasks = ['a', 'a', 'a', 'b'].map(key => queue.enqueue(key, () => end))
    assert.deepEqual([queue.size, queue.waiting], [2, 2])
    finish()
    await Promise.all(tasks)
    assert.deepEqual([queue.size, queue.waiting], [0, 0])
  })
})

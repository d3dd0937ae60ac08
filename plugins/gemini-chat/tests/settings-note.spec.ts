import assert from 'node:assert/strict'
import notifier from '@koishijs/plugin-notifier'
import { Context } from 'koishi'
import type { KeyStatus } from '../src/model/key-pool'
import { keepNote } from '../src/settings-note'

describe('the note above the settings', () => {
  let app: Context
  beforeEach(async () => {
    app = new Context()
    app.plugin(notifier as never)
    await app.start()
  })
  afterEach(() => app.stop())

  const key = (position: number, refused: boolean, tail = 'abcd') => ({ position, refused, tail }) as KeyStatus
  const texts = () => app.get('notifier')!.store.map(({ options }) => `${options.type} ${options.content.join('')}`)

  it('asks for a key', () => {
    keepNote(app, { status: () => [] })
    assert.match(texts()[0], /^warning.*还没有 API 密钥.*There is no API key/)
  })

  it('names refused keys by position and end, as long as they are refused', () => {
    let status = [key(1, false), key(2, false, '')]
    keepNote(app, { status: () => status })
    assert.deepEqual(texts(), [])
    status = [key(1, false), key(2, true, '')]
    app.emit('gemini/outcome', {} as never, {} as never)
    assert.match(texts()[0], /^danger.*<code>#2<\/code>，现在用其余的/)
    status = [key(1, true), key(2, true, '')]
    app.emit('gemini/outcome', {} as never, {} as never)
    assert.match(texts()[0], /^danger.*<code>#1 …abcd, #2<\/code>.*cannot answer/)
    status = [key(1, false), key(2, false)]
    app.emit('gemini/outcome', {} as never, {} as never)
    assert.deepEqual(texts(), [])
  })
})

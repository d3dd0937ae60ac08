import assert from 'node:assert/strict'
import notifier from '@koishijs/plugin-notifier'
import { Context } from 'koishi'
import { SettingsNote } from '../../src/settings'

const texts = {
  zh: { url: 'URL 填 `{url}`。', done: '好了。' },
  en: { url: 'Enter `{url}`, not `{other}`.', done: 'Done.' },
}

describe('SettingsNote', () => {
  let app: Context
  beforeEach(async () => {
    app = new Context()
    await app.start()
  })
  afterEach(() => app.stop())

  const shown = () => app.get('notifier')!.store.map(({ options }) => [options.type, options.content.join('')])

  it('shows a text in both languages, with its parameters', () => {
    app.plugin(notifier as never)
    new SettingsNote(app, texts).show('warning', 'url', { url: 'https://<a>' })
    assert.deepEqual(shown(), [['warning', '<p lang="zh">URL 填 <code>https://&lt;a&gt;</code>。</p>'
      + '<p lang="en">Enter <code>https://&lt;a&gt;</code>, not <code>{other}</code>.</p>']])
  })

  it('replaces the note, and removes it', () => {
    app.plugin(notifier as never)
    const note = new SettingsNote(app, texts)
    note.show('warning', 'url', { url: 'a' })
    note.show('success', 'done')
    note.show('success', 'done')
    assert.deepEqual(shown(), [['success', '<p lang="zh">好了。</p><p lang="en">Done.</p>']])
    note.clear()
    assert.deepEqual(shown(), [])
  })

  it('appears whenever there is a notifier', () => {
    new SettingsNote(app, texts).show('success', 'done')
    const fork = app.plugin(notifier as never)
    assert.equal(shown().length, 1)
    fork.dispose()
    app.plugin(notifier as never)
    assert.equal(shown().length, 1)
  })

  it('goes with its plugin', () => {
    app.plugin(notifier as never)
    const fork = app.plugin(ctx => new SettingsNote(ctx, texts).show('success', 'done'))
    assert.equal(shown().length, 1)
    fork.dispose()
    assert.deepEqual(shown(), [])
  })
})

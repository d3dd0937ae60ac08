import assert from 'node:assert/strict'
import notifier from '@koishijs/plugin-notifier'
import type { Context } from 'koishi'
import type { Instance } from './support/koishi'
import { startBot } from './support/koishi'
import { CallbackLog } from '../src/callback/callback-log'
import { CallbackError } from '../src/protocol/callback-error'
import type { Config } from '../src'

describe('the note above the settings', () => {
  let instance: Instance
  afterEach(() => instance.stop())

  async function start(settings: Partial<Config> = {}) {
    instance = await startBot(settings, { prepare: app => void app.plugin(notifier as never) })
  }

  const texts = () => {
    const { store } = (instance.app as Context).get('notifier')!
    return store.map(({ options: { type, content } }) => ({ type, text: content.join('') }))
  }

  it('asks for the callback, with the path to enter', async () => {
    await start({ path: '/wecom' })
    const [{ type, text }] = texts()
    assert.equal(type, 'warning')
    assert.match(text, /<code>https:\/\/…\/wecom<\/code>/)
    assert.match(text, /lang="zh".*还没有收到.*lang="en".*No callback from WeCom yet/)
  })

  it('says why a callback was refused, until one is verified', async () => {
    await start()
    const refusal = { reason: 'signature', status: 403, hint: '签名不符 / bad signature' } as const
    instance.app.emit('wecom-bot/callback-refused', { ...refusal, path: '/elsewhere' })
    assert.equal(texts()[0].type, 'warning')
    instance.app.emit('wecom-bot/callback-refused', { ...refusal, path: '/API/wecom/callback/' })
    const [{ type, text }] = texts()
    assert.equal(type, 'danger')
    assert.match(text, /被拒绝：签名不符。.*was refused: bad signature\./)
    instance.bot.services.callbacks.verified()
    assert.equal(texts()[0].type, 'success')
    instance.app.emit('wecom-bot/callback-refused', { ...refusal, path: instance.bot.config.path })
    assert.deepEqual(texts().map(note => note.type), ['success'])
  })

  it('says that the long connection is being opened', async () => {
    await start({ token: undefined, encodingAESKey: undefined, botId: 'bot', botSecret: 's', wsUrl: 'ws://127.0.0.1:9' })
    assert.match(texts()[0].text, /长连接/)
  })
})

describe('wecom-bot/callback-refused', () => {
  it('is emitted for what is logged, with the reason and the cure', () => {
    const refusals: unknown[] = []
    const clock = { monotonic: () => 0 }
    const log = new CallbackLog(clock as never, () => {}, refusal => refusals.push(refusal))
    for (let index = 0; index < 12; index++) log.refused(new CallbackError('clock', 'stale'), '/path')
    assert.equal(refusals.length, 10)
    const { hint, ...rest } = refusals[0] as { hint: string }
    assert.deepEqual(rest, { reason: 'clock', status: 403, path: '/path' })
    assert.match(hint, /校准.* \/ .*clock/)
  })
})

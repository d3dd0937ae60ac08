import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from 'koishi'
import { h } from 'koishi'
import type { ManualClock, Wecom } from 'testkit'
import { WecomClient, createWecom, manualClock } from 'testkit'
import { until } from 'common/testing'
import type { Config, DeliveryError } from '../../src'
import type { Instance } from '../support/koishi'
import { encodingAESKey, startBot, token } from '../support/koishi'

describe('waiting messages on shutdown', () => {
  let clock: ManualClock
  let wecom: Wecom
  let folder: string
  const instances: Instance[] = []

  beforeEach(async () => {
    clock = manualClock()
    wecom = await createWecom({ clock })
    folder = await mkdtemp(join(tmpdir(), 'leave-'))
  })

  afterEach(async () => {
    for (const instance of instances.splice(0)) await instance.stop()
    await wecom.close()
    await rm(folder, { recursive: true })
  })

  async function start(settings: Partial<Config> = {}, prepare?: (app: Context) => void) {
    const database = settings.storage === 'database' ? join(folder, 'koishi.db') : undefined
    const defaults = { apiEndpoint: wecom.origin, webhookKey: 'SECRET-KEY', drain: 100 }
    const instance = await startBot({ ...defaults, ...settings }, { database, listen: !!prepare, prepare })
    instances.push(instance)
    return instance
  }

  const contents = () => wecom.webhooks.map(({ body }) => body.markdown_v2?.content ?? body.msgtype)

  /** Sends 23 messages, of which 20 are within the limit. @returns the errors of the others */
  async function fill({ app, bot }: Instance, channelId = 'webhook') {
    const all = Promise.allSettled(Array.from({ length: 23 }, (_, index) => bot.createMessage(channelId, h.text(`m${index}`))))
    await until(() => wecom.webhooks.length === 20)
    assert.equal(bot.services.webhooks.waiting, 3)
    await app.parallel('exit', 'SIGTERM')
    return (await all).filter(result => result.status === 'rejected').map(({ reason }) => reason as DeliveryError)
  }

  it('are sent within the drain time if the limit allows', async () => {
    const { app, bot } = await start({ drain: 2000 })
    const sent = Promise.all([bot.createMessage('webhook', 'a'), bot.createMessage('webhook', 'b')])
    await app.parallel('exit', 'SIGTERM')
    await sent
    assert.deepEqual(contents(), ['a', 'b'])
  })

  it('are stored in the database without the key, and sent once after the next start', async () => {
    const first = await start({ storage: 'database' })
    const errors = await fill(first)
    assert.deepEqual(errors.map(({ code }) => code), Array(3).fill('wecom-bot/delivery-deferred'))
    assert.match(errors[0].message, /1 of 1 messages deferred until the next start/)
    assert.match(first.lines.join('\n'), /3 unsent webhook messages are stored/)
    const rows = await first.app.database.get('wecom_bot_push', {})
    assert.deepEqual(rows.map(({ body }) => JSON.parse(body).markdown_v2.content), ['m20', 'm21', 'm22'])
    assert.equal(JSON.stringify(rows).includes('SECRET-KEY'), false)
    await instances.pop()!.stop()

    clock.advance(60_000)
    for (let restart = 0; restart < 2; restart++) {
      const { app } = await start({ storage: 'database' })
      await until(() => wecom.webhooks.length === 23)
      assert.deepEqual(await app.database.get('wecom_bot_push', {}), [])
      await instances.pop()!.stop()
    }
    assert.deepEqual(contents(), Array.from({ length: 23 }, (_, index) => `m${index}`))
  })

  it('are stored if they continue an answer, whose bubble is closed', async () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `w${index}`).join(' ')
    wecom.fail('response', { errcode: 40029 })
    const trustedHosts = [new URL(wecom.origin).host]
    const settings: Partial<Config> = { storage: 'database', webhooks: { GROUP: 'SECRET-KEY' }, trustedHosts }
    const first = await start(settings, app => app.middleware(() => [h('markdown', h.text(words))]))
    const client = new WecomClient({ url: first.url, token, encodingAESKey, wecom, now: Date.now })
    const { reply } = await client.post(client.text('tell me', { chatId: 'GROUP' }))
    assert.equal(reply!.stream!.finish, false)
    await until(() => wecom.webhooks.length === 20)
    const end = first.app.parallel('exit', 'SIGTERM')
    await new Promise(resolve => setTimeout(resolve, 300))
    const { stream } = (await client.poll(reply!.stream!.id, { chatId: 'GROUP' })).reply!
    await end
    assert.equal(wecom.responses.length, 0)
    assert.match(stream!.content!, /下接新消息/)
    assert.ok(stream!.finish)
    assert.match(first.lines.join('\n'), /\d+ characters deferred until the next start/)
    assert.doesNotMatch(first.lines.join('\n'), /lost/)
    await instances.pop()!.stop()

    clock.advance(60_000)
    await start(settings)
    const shown = stream!.content!.split('\n\n')[0]
    await until(() => `${shown} ${contents().join(' ')}`.endsWith(' w19999'))
    assert.ok(`${shown} ${contents().join(' ')}` === words)
  })

  it('stay stored while their webhook is not configured', async () => {
    await fill(await start({ storage: 'database' }))
    await instances.pop()!.stop()
    clock.advance(60_000)
    const other = await start({ storage: 'database', webhookKey: 'ANOTHER' })
    assert.equal((await other.app.database.get('wecom_bot_push', {})).length, 3)
    await instances.pop()!.stop()
    await start({ storage: 'database', webhookKey: undefined, webhooks: { 'wr-1': 'SECRET-KEY' } })
    await until(() => wecom.webhooks.length === 23)
  })

  it('are reported as lost without a database', async () => {
    const instance = await start()
    const errors = await fill(instance)
    assert.deepEqual(errors.map(({ code }) => code), Array(3).fill('wecom-bot/delivery-unsent'))
    assert.match(instance.lines.join('\n'), /3 unsent webhook messages are lost: set storage to "database"/)
  })

  it('are rejected when the plugin is reloaded', async () => {
    const { bot } = await start()
    // Messages that arrived but are not confirmed yet would fail as unconfirmed.
    let confirmed = 0
    const all = Promise.allSettled(Array.from({ length: 23 }, async () => {
      await bot.createMessage('webhook', 'x')
      confirmed++
    }))
    await until(() => confirmed === 20)
    bot.ctx.scope.dispose()
    const errors = (await all).filter(result => result.status === 'rejected').map(({ reason }) => reason)
    assert.deepEqual(errors.map(({ code }) => code), Array(3).fill('wecom-bot/delivery-unsent'))
  })
})

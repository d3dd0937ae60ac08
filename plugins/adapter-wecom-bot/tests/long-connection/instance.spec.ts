import assert from 'node:assert/strict'
import { HTTP } from '@koishijs/plugin-http'
import { Context, Universal, h } from 'koishi'
import { WecomGateway, createHttpProxy, createSocks } from 'testkit'
import type { GatewayOptions, Proxy } from 'testkit'
import { until } from 'common/testing'
import WecomBot, { Config } from '../../src'
import { shutDown } from '../../src/shutdown'
import { Log } from '../support/world'
import { checkCredentials } from '../../src/config'

/** Koishi without a server, with a bot on its long connection. */
async function createInstance(settings: Partial<Config> = {}, options?: GatewayOptions) {
  const log = new Log()
  const gateway = await WecomGateway.create(options)
  const app = new Context()
  app.plugin(HTTP)
  const config = Config({ botId: 'AIBOTID', botSecret: 'SECRET', wsUrl: gateway.url, ...settings } as Config)
  const fork = app.plugin(WecomBot, config)
  await app.start()
  const bot = app.bots.find(({ platform }) => platform === 'wecom-bot') as WecomBot
  return {
    log, gateway, app, bot,
    async close() {
      fork.dispose()
      await app.stop()
      await gateway.close()
      log.close()
    },
  }
}

describe('a bot on its long connection', () => {
  let instance: Awaited<ReturnType<typeof createInstance>>
  let proxy: Proxy | undefined

  afterEach(async () => {
    await proxy?.close()
    proxy = undefined
    await instance.close()
    assert.deepEqual(instance.gateway.violations, [])
  })

  async function reach(status: Universal.Status) {
    await until(() => instance.bot.status === status)
  }

  it('answers without a server, and closes its connection with Koishi', async () => {
    instance = await createInstance()
    const { app, bot, gateway } = instance
    app.middleware(session => session.content === 'ping' ? 'pong' : undefined)
    await gateway.until(() => gateway.isSubscribed())
    gateway.say('ping')
    await gateway.until(() => gateway.texts().includes('pong'))
    assert.equal(bot.status, Universal.Status.ONLINE)
    await bot.stop()
    await gateway.until(() => !gateway.isSubscribed())
  })

  it('streams what plugins edit, and sends to people and groups first', async () => {
    instance = await createInstance()
    const { app, bot, gateway } = instance
    app.middleware(async (session) => {
      const [id] = await session.bot.sendMessage(session.channelId!, 'one', undefined, { session })
      await session.bot.editMessage(session.channelId!, id, h('markdown', h.text('**two**')) as never)
      await bot.sendMessage('private:USERID', h.image('data:image/png;base64,iVBORw0KGgoAAAAA'))
    })
    await gateway.until(() => gateway.isSubscribed())
    gateway.say('hello')
    gateway.say('hello', { chatId: 'GROUP' })
    await gateway.until(() => gateway.texts('GROUP').includes('**two**') && gateway.uploads().length > 0)
    await bot.sendMessage('GROUP', '提醒')
    assert.deepEqual(gateway.messages('GROUP').map(({ type, content }) => [type, content]), [['stream', '**two**'], ['markdown', '提醒']])
  })

  it('reads a file with the key of its link', async () => {
    instance = await createInstance({ trustedHosts: ['127.0.0.1'] })
    const { app, bot, gateway } = instance
    const received = new Promise<string>(resolve => app.middleware(async (session) => {
      const [image] = h.select(session.elements ?? [], 'img')
      const { data } = await app.http.file(image.attrs.src)
      resolve(Buffer.from(data).toString())
    }))
    await gateway.until(() => gateway.isSubscribed())
    bot.config.trustedHosts.push(new URL(gateway.url).host)
    gateway.deliver(gateway.payloads.message('image', gateway.media(Buffer.from('picture'), 'a.png')))
    assert.equal(await received, 'picture')
  })

  it('goes offline with the reason and the cure, without a secret', async () => {
    instance = await createInstance({ botSecret: 'WRONG-SECRET' })
    const { bot, gateway, log } = instance
    await gateway.until(() => gateway.sent('aibot_subscribe').length > 0)
    await reach(Universal.Status.OFFLINE)
    assert.match(bot.error.message, /40001.*check "botSecret"/)
    assert.match(log.text, /40001/)
    assert.doesNotMatch(log.text, /WRONG-SECRET/)
  })

  it('finishes open answers when it stops, and turns new messages away', async () => {
    instance = await createInstance()
    const { app, bot, gateway } = instance
    let release = () => {}
    app.middleware(async (session) => {
      await session.send('half')
      await new Promise<void>(resolve => release = resolve)
    })
    await gateway.until(() => gateway.isSubscribed())
    gateway.say('hello')
    await gateway.until(() => gateway.texts()[0] === 'half…')
    const stopping = shutDown(bot.services, 200)
    gateway.say('late', { userId: 'LATE' })
    await gateway.until(() => gateway.texts('LATE').length > 0)
    assert.match(gateway.texts('LATE')[0], /正在重启|restarting/)
    await stopping
    assert.match(gateway.texts()[0], /^half\n\n/)
    assert.equal(gateway.messages()[0].isFinished, true)
    await gateway.until(() => !gateway.isSubscribed())
    release()
  })

  it('reports its connection', async () => {
    instance = await createInstance()
    const { bot } = instance
    await reach(Universal.Status.ONLINE)
    const { connection } = bot.services.callbacks.status()
    assert.equal(connection?.state, 'ready')
    assert.ok(Date.parse(connection!.since!) <= Date.now())
    assert.equal(connection!.reconnects, 0)
    assert.equal(connection!.reason, null)
  })

  for (const [name, createProxy] of [['SOCKS', createSocks], ['HTTP', createHttpProxy]] as const) {
    it(`connects through its own ${name} proxy, never past it`, async () => {
      proxy = await createProxy({ username: 'me', password: 'proxy-secret' })
      instance = await createInstance({ proxy: proxy.url })
      await instance.gateway.until(() => instance.gateway.isSubscribed())
      assert.equal(proxy.connections.length, 1)
      await instance.close()
      await proxy.close()
      instance = await createInstance({ proxy: proxy.url })
      await until(() => /the long connection is down/.test(instance.log.text))
      assert.equal(instance.gateway.connectionCount, 0)
      assert.doesNotMatch(instance.log.text, /proxy-secret/)
    })
  }

  it('logs no texts, links or keys', async () => {
    instance = await createInstance()
    const { app, gateway, log } = instance
    app.middleware(() => 'SECRET-ANSWER')
    await gateway.until(() => gateway.isSubscribed())
    gateway.treat = frame => frame.body?.stream ? { errcode: 40201 } : undefined
    gateway.deliver(gateway.payloads.message('image', { url: 'https://127.0.0.1/SECRET-LINK', aeskey: 'SECRET-KEY' }))
    gateway.say('SECRET-QUESTION')
    gateway.sendText('{"cmd":"aibot_msg_callback","headers":{"req_id":"SECRET-ID"},"body":{"text":"SECRET-TEXT"}}')
    await gateway.until(() => gateway.sent('aibot_respond_msg').length >= 4)
    assert.doesNotMatch(log.text, /SECRET/)
  })
})

describe('the mode of a bot', () => {
  const key = 'A'.repeat(43)

  it('needs the values of one mode', () => {
    for (const [settings, missing] of [
      [{}, /^token and encodingAESKey missing/], [{ botId: 'B' }, /^token and encodingAESKey missing/],
      [{ botSecret: 'S' }, /^botId missing/], [{ token: 'T' }, /^encodingAESKey missing/],
      [{ mode: 'websocket', token: 'T', encodingAESKey: key }, /^botId and botSecret missing/],
      [{ mode: 'callback', botId: 'B', botSecret: 'S' }, /^token and encodingAESKey missing/],
    ] as const) {
      const config = Config(settings as never)
      assert.throws(() => checkCredentials(config), { name: 'ConfigError', code: 'wecom-bot/missing-credentials', message: missing })
    }
    checkCredentials(Config({ token: 'T', encodingAESKey: key } as never))
    checkCredentials(Config({ botId: 'B', botSecret: 'S' } as never))
  })

  it('refuses values that cannot be right', () => {
    for (const settings of [{ botId: 'B', botSecret: 'with a blank' }, { botId: 'B', botSecret: 'S', wsUrl: 'http://x' }]) {
      assert.throws(() => Config(settings as never), JSON.stringify(settings))
    }
  })
})

import assert from 'node:assert/strict'
import { until } from 'common/testing'
import { WecomGateway, createGemini, scenarios } from 'testkit'
import type { Gemini } from 'testkit'
import { Instance } from '../../support/instance'
import { RedisServer } from '../../support/redis'

const forever = new Promise<void>(() => {})
const WAITING = 'waiting for the instance that holds the connection'

describe('two instances with one long connection', function() {
  this.timeout(180_000)
  let redis: RedisServer, gateway: WecomGateway, gemini: Gemini
  const instances: Instance[] = []
  const output = () => instances.map(instance => instance.output).join('\n----\n')
  const found = (condition: () => boolean) => until(condition, output)

  before(async () => {
    redis = await RedisServer.start()
    gateway = await WecomGateway.create()
    gemini = await createGemini()
    gemini.respond(({ question }) => scenarios.text(`answer to ${question}`))
  })

  after(async () => {
    redis?.resume()
    for (const instance of instances) {
      instance.process.kill('SIGKILL')
      await instance.close()
    }
    await gemini?.close()
    await gateway?.close()
    await redis?.close()
  })

  async function start(after?: Instance) {
    const instance = await Instance.start({
      after,
      env: {
        WECOM_BOT_MODE: 'websocket', WECOM_BOT_ID: 'AIBOTID', WECOM_BOT_SECRET: 'SECRET', WECOM_BOT_WS_URL: gateway.url,
        GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url, REDIS_URL: redis.url,
      },
    })
    instances.push(instance)
    return instance.ready()
  }

  /** Asks, and waits for the answer. */
  async function ask(question: string) {
    gateway.say(question, { userId: question })
    await found(() => gateway.messages(question).some(({ content, isFinished }) => {
      return isFinished && content === `answer to ${question}`
    }))
  }

  it('connect once, and the second waits', async () => {
    await start()
    await found(() => gateway.isSubscribed())
    const second = await start()
    await found(() => second.output.includes(WAITING))
    await ask('first')
    assert.equal(gateway.connectionCount, 1)
  })

  it('hand it over when the holder is stopped', async () => {
    const [first] = instances
    first.process.kill('SIGTERM')
    assert.equal(await first.exited, 0, output())
    await found(() => gateway.isSubscribed() && gateway.connectionCount === 2)
    await ask('second')
    const again = await start(first)
    await found(() => again.output.includes(WAITING))
    assert.equal(gateway.connectionCount, 2)
  })

  it('keep it while Redis hangs, with one connection', async () => {
    redis.pause()
    await found(() => instances.slice(1).every(({ output }) => output.includes('Redis does not answer')))
    await ask('third')
    redis.resume()
    await found(() => instances.slice(1).every(({ output }) => output.includes('Redis answers again')))
    await ask('fourth')
    assert.equal(gateway.connectionCount, 2)
  })

  it('take it over when the holder is killed, and close its bubble', async () => {
    const [, holder] = instances
    gemini.respond(({ question }) => question === 'cut' ? scenarios.text('half an answer', forever) : scenarios.text(`answer to ${question}`))
    gateway.say('cut', { userId: 'cut' })
    const bubble = () => gateway.messages('cut')[0]
    await found(() => !!bubble()?.content.includes('half an answer'))
    // The launcher as well, which would start it again.
    const worker = await holder.workerPid()
    holder.process.kill('SIGKILL')
    process.kill(worker, 'SIGKILL')
    await found(() => gateway.connectionCount === 3 && gateway.isSubscribed())
    await ask('fifth')
    await found(() => bubble().isFinished)
    assert.match(bubble().content, /^half an answer\n\n\S/)
    assert.equal(gateway.messages('cut').length, 1)
    assert.deepEqual(gateway.violations, [])
  })
})

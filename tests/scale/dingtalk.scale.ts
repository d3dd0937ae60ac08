import assert from 'node:assert/strict'
import { until } from 'common/testing'
import { createDingtalk, createGemini, scenarios } from 'testkit'
import type { Dingtalk, Gemini } from 'testkit'
import { Instance } from '../support/instance'
import { RedisServer } from '../support/redis'

describe('two instances with one DingTalk app', function() {
  this.timeout(120_000)

  let redis: RedisServer
  let dingtalk: Dingtalk
  let gemini: Gemini
  const instances: Instance[] = []

  before(async () => {
    redis = await RedisServer.start()
    dingtalk = await createDingtalk()
    gemini = await createGemini()
  })

  after(async () => {
    for (const instance of instances) await instance.close()
    await gemini?.close()
    await dingtalk?.close()
    await redis?.close()
  })

  async function start() {
    const instance = await Instance.start({
      env: {
        PLATFORM: 'dingtalk', DINGTALK_CLIENT_ID: dingtalk.appKey, DINGTALK_CLIENT_SECRET: dingtalk.appSecret,
        DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint, DINGTALK_OLD_API_ENDPOINT: dingtalk.oldApiEndpoint,
        DINGTALK_CARD_TEMPLATE_ID: 'ai.schema', GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url, REDIS_URL: redis.url,
      },
    })
    instances.push(instance)
    await instance.ready()
    await until(() => dingtalk.stream.sockets.size === instances.length, () => `the connection\n${instance.output}`)
  }

  for (const conversationId of [undefined, 'cidGROUP']) {
    it(`stop an answer by a click that the other one gets, in ${conversationId ?? 'a direct chat'}`, async () => {
      const output = () => instances.map(instance => instance.output).join('\n')
      const count = dingtalk.cards.length
      if (!instances.length) await start()
      gemini.respond(scenarios.text('说到', new Promise<void>(() => {}), '完了'))
      const [first] = dingtalk.stream.sockets
      // The newest connection gets what DingTalk delivers: the question goes to the first instance.
      const later = [...dingtalk.stream.sockets].slice(1)
      for (const socket of later) dingtalk.stream.sockets.delete(socket)
      await dingtalk.say('说吧', { userId: 'alice', conversationId })
      await until(() => dingtalk.cards[count]?.state === 'typing', () => `the card\n${output()}`)
      for (const socket of later) dingtalk.stream.sockets.add(socket)
      if (!later.length) await start()
      assert.notEqual([...dingtalk.stream.sockets].at(-1), first)
      await dingtalk.click(dingtalk.cards[count], { userId: 'alice', actionId: 'stop' })
      await until(() => dingtalk.cards[count].state === 'finished', () => `the end\n${output()}`)
      assert.match(dingtalk.cards[count].content, /^说到/)
      assert.doesNotMatch(dingtalk.cards[count].content, /完了/)
    })
  }
})

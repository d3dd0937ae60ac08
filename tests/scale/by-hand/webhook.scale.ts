import assert from 'node:assert/strict'
import { until } from 'common/testing'
import { Cluster } from '../../support/cluster'

const MESSAGES = 15

/** Sends messages to the group it is asked in, from the instance that is asked. */
const plugin = `
exports.apply = ctx => ctx.middleware((session, next) => {
  const [, name] = /push-(\\w+)/.exec(session.content) ?? []
  if (!name) return next()
  // After the turn: its bubble would take them.
  ctx.setTimeout(() => {
    for (let index = 0; index < ${MESSAGES}; index++) void session.bot.sendMessage('GROUP', name + '-' + index)
  }, 2000)
  return 'begun'
}, true)`

describe('a group webhook of two instances', function() {
  this.timeout(240_000)
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.start(2, { WECOM_BOT_WEBHOOK_KEY: 'spec-webhook' }, {
      files: { 'push.cjs': plugin }, plugins: '    ./push.cjs:push: {}\n',
    })
  })
  after(() => cluster?.close())

  it('takes twenty messages a minute from both together, and loses none', async () => {
    const sent = () => cluster.wecom.webhooks.filter(({ errcode }) => !errcode).map(({ body }) => JSON.stringify(body))
    await Promise.all(cluster.instances.map(async (instance, index) => {
      const client = cluster.client('pusher', instance)
      await client.post(client.text(`push-${'ab'[index]}`, { chatId: 'GROUP' }))
    }))
    const startedAt = performance.now()
    await until(() => sent().length >= 20, () => JSON.stringify(cluster.wecom.webhooks))
    await until(() => sent().length >= 2 * MESSAGES, () => JSON.stringify(sent()), 120_000)
    assert.ok(performance.now() - startedAt > 50_000)
    const expected = ['a', 'b'].flatMap(name => Array.from({ length: MESSAGES }, (_, index) => `${name}-${index}`))
    const count = (text: string) => sent().filter(body => body.includes(`"${text}"`)).length
    assert.deepEqual(expected.filter(text => count(text) !== 1), [])
    assert.deepEqual(cluster.wecom.webhooks.filter(({ errcode }) => errcode), [])
  })
})

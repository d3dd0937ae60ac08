import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from 'common/testing'
import { Cluster, slowAnswer } from '../support/cluster'

const DELAY_MS = 1500
const POLL_INTERVAL_MS = 250

/** Makes each write to the database take longer. */
const plugin = `
exports.inject = ['database']
exports.apply = ctx => {
  for (const name of ['create', 'upsert', 'set']) {
    const original = ctx.database[name]
    ctx.database[name] = async function (...args) {
      await new Promise(resolve => setTimeout(resolve, ${DELAY_MS}))
      return original.apply(this, args)
    }
  }
}`

describe('three instances with slow databases', function() {
  this.timeout(180_000)
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.start(3, {}, { files: { 'slow.cjs': plugin }, plugins: '    ./slow.cjs:slow: {}\n' })
    cluster.gemini.respond(({ question }) => slowAnswer(question, 2, 100))
  })
  after(() => cluster?.close())

  it('answer a message once that reaches all of them at once, and show the same bubble', async () => {
    const clients = cluster.instances.map(instance => cluster.client('repeated', instance))
    const payload = clients[0].text('repeated')
    const startedAt = performance.now()
    const responses = await Promise.all([0, 1, 2, 1, 0].map(index => clients[index].post(payload)))
    // Otherwise the plugin above does nothing.
    assert.ok(performance.now() - startedAt > DELAY_MS / 2)
    assert.equal(new Set(responses.map(({ reply }) => reply!.stream!.id)).size, 1)
    const id = responses[0].reply!.stream!.id
    for (const client of clients) {
      const content = await until(async () => {
        await sleep(POLL_INTERVAL_MS)
        const { content, finish } = (await client.poll(id)).reply!.stream!
        return finish && content
      })
      assert.equal(content, 'repeated-1 repeated-2 repeated-end')
    }
    assert.deepEqual(cluster.questions, ['repeated'])
  })
})

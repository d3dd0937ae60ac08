import assert from 'node:assert/strict'
import { Cluster, slowAnswer } from '../support/cluster'

const PEOPLE = 6

describe('a rolling restart of three instances under load', function() {
  this.timeout(300_000)
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.start(3, { GEMINI_API_KEY: 'spec-key' })
  })
  after(() => cluster?.close())

  it('leaves every answer whole, in its bubble, once, though each stops as soon as the one before is back', async () => {
    cluster.gemini.respond(({ question }) => slowAnswer(question, 4, 300))
    let isOver = false
    const load = Array.from({ length: PEOPLE }, async (_, person) => {
      for (let count = 0; !isOver; count++) await cluster.ask(cluster.client(`rolling-${person}`), `r${person}x${count}`)
    })
    // The first one is stopped as soon as all have started, too.
    for (const index of cluster.instances.keys()) await cluster.restart(index)
    isOver = true
    await Promise.all(load)
    const tally = cluster.tally()
    process.stdout.write(`  rolling restart by SIGTERM: ${JSON.stringify(tally)}\n`)
    assert.ok(tally.asked > 20, JSON.stringify(tally))
    assert.deepEqual(tally, {
      asked: tally.asked, whole: tally.asked, elsewhere: 0, early: 0, lost: 0, doubled: 0, calls: tally.asked,
    }, JSON.stringify(cluster.incomplete))
  })
})

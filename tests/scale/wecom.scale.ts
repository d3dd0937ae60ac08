import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from 'common/testing'
import { Cluster, slowAnswer } from '../support/cluster'
import type { Tally } from '../support/cluster'

const PEOPLE = 100
/** Longer than another instance takes to take over, on a machine that is busy. */
const LIMIT_MS = 120_000

describe('three instances behind one URL', function() {
  this.timeout(600_000)
  let cluster: Cluster
  const tallies: Record<string, Tally> = {}
  before(async () => {
    cluster = await Cluster.start(3, { GEMINI_API_KEY: 'spec-key' })
  })
  after(async () => {
    await cluster?.close()
    const lines = Object.entries(tallies).map(([title, tally]) => `  ${title}: ${JSON.stringify(tally)}\n`)
    process.stdout.write(lines.join(''))
  })
  beforeEach(() => {
    cluster.gemini.respond(({ question }) => slowAnswer(question, 4, 300))
    cluster.reset()
  })
  afterEach(function() {
    const tally = cluster.tally()
    if (tally.asked) tallies[this.currentTest!.title] = tally
  })

  it('see each other', async () => {
    for (const instance of cluster.instances) await instance.prints('instances that share their state: 3')
  })

  for (const withResponseUrl of [true, false]) {
    it(`answer ${PEOPLE} people whole, in the bubble, ${withResponseUrl ? 'with' : 'without'} response_url`, async () => {
      cluster.gemini.respond(({ question }) => slowAnswer(question, 8, 500))
      const results = await Promise.all(Array.from({ length: PEOPLE }, async (_, index) => {
        const question = `q${withResponseUrl}${index}`
        const client = cluster.client(`user-${question}`, undefined, { withResponseUrl, pollInterval: 1000 })
        const { seen, isFinished } = await cluster.ask(client, question)
        return { isWhole: isFinished && seen.at(-1)!.includes(`${question}-8 ${question}-end`), last: seen.at(-1), steps: new Set(seen).size }
      }))
      assert.deepEqual(results.filter(({ isWhole }) => !isWhole), [])
      // The bubbles grow at the instances that do not answer, too.
      assert.ok(results.some(({ steps }) => steps > 2))
      await sleep(500)
      assert.equal(cluster.wecom.responses.length, 0)
      assert.equal(cluster.questions.length, PEOPLE)
    })
  }

  it('ask Redis for little per answered message', async () => {
    const count = 40
    await cluster.redis.resetOperations()
    await Promise.all(Array.from({ length: count }, (_, index) => {
      return cluster.ask(cluster.client(`counted-${index}`, undefined, { pollInterval: 1000 }), `c${index}`)
    }))
    const operations = await cluster.redis.operations()
    const per = (name: string) => (operations[name] ?? 0) / count
    const total = Object.values(operations).reduce((sum, calls) => sum + calls, 0) / count
    const shown = Object.keys(operations).map(name => `${name} ${per(name).toFixed(1)}`).join(', ')
    process.stdout.write(`      ${total.toFixed(1)} operations: ${shown}\n`)
    // Polls at other instances and renewals depend on the time that an answer takes.
    assert.ok(total < 140, shown)
    // That a bubble was closed by a poll at another instance, and nothing else.
    assert.ok(per('publish') <= 1.2, shown)
  })

  it('answer a message once that reaches all of them at once', async () => {
    const clients = cluster.instances.map(instance => cluster.client('repeated', instance))
    const payload = clients[0].text('repeated')
    const responses = await Promise.all([0, 1, 2, 0, 1].map(index => clients[index].post(payload)))
    assert.equal(new Set(responses.map(({ reply }) => reply!.stream!.id)).size, 1)
    await until(async () => (await clients[0].poll(responses[0].reply!.stream!.id)).reply!.stream!.finish)
    await sleep(1000)
    assert.equal(cluster.questions.length, 1)
  })

  /** Asks one instance. A second answer is shorter. @returns a function that polls another instance */
  async function begin(question: string) {
    const [first, second] = cluster.instances
    const isRepeated = () => cluster.questions.length > 1
    cluster.gemini.respond(({ question }) => slowAnswer(question, isRepeated() ? 3 : 200, 500))
    const client = cluster.client(`user-${question}`, first)
    const { reply } = await client.post(client.text(question))
    const other = cluster.client(`user-${question}`, second)
    const poll = async () => (await other.poll(reply!.stream!.id)).reply!.stream!
    await until(async () => (await poll()).content!.includes(`${question}-2`))
    const { length } = first.output
    const restarted = () => until(() => first.output.slice(length).includes('Ready.'), () => first.output, LIMIT_MS)
    return { poll, worker: await first.workerPid(), restarted }
  }

  it('answer once more, in the same bubble, what one was answering that was killed', async () => {
    const { poll, worker, restarted } = await begin('doomed')
    process.kill(worker, 'SIGKILL')
    const stream = await until(async () => {
      const shown = await poll()
      assert.match(shown.content!, /doomed-1/)
      return shown.finish && shown
    }, 'the end of the bubble', LIMIT_MS)
    await restarted()
    assert.equal(stream.content, 'doomed-1 doomed-2 doomed-3 doomed-end')
    assert.deepEqual(cluster.questions, ['doomed', 'doomed'])
    assert.equal(cluster.wecom.responses.length, 0)
  })

  it('send the answer of one that was killed to response_url, once, if WeCom does not poll any more', async () => {
    const { worker, restarted } = await begin('unpolled')
    process.kill(worker, 'SIGKILL')
    await until(() => cluster.wecom.responses.length, 'the answer', LIMIT_MS)
    await sleep(6000)
    await restarted()
    assert.equal(cluster.wecom.responses.length, 1)
    assert.match(JSON.stringify(cluster.wecom.responses[0].body), /unpolled-1 unpolled-2 unpolled-3 unpolled-end/)
    assert.deepEqual(cluster.questions, ['unpolled', 'unpolled'])
  })

  it('let one that was stopped do nothing more when it wakes up', async () => {
    const { poll, worker } = await begin('asleep')
    process.kill(worker, 'SIGSTOP')
    try {
      await until(async () => (await poll()).finish, 'the end of the bubble', LIMIT_MS)
    } finally {
      process.kill(worker, 'SIGCONT')
    }
    const { content } = await poll()
    assert.match(content!, /^asleep-1 asleep-2 asleep-3 asleep-end$/)
    await sleep(14_000)
    assert.equal((await poll()).content, content)
    assert.equal(cluster.wecom.responses.length, 0)
    assert.equal(cluster.questions.length, 2)
  })

  for (const [how, leave, come] of [
    ['stopped, and started empty', () => cluster.redis.stop(), () => cluster.redis.run()],
    ['paused', async () => cluster.redis.pause(), async () => cluster.redis.resume()],
  ] as const) {
    it(`leave no person without an answer while Redis is ${how}`, async () => {
      cluster.gemini.respond(({ question }) => slowAnswer(question, 8, 300))
      const asking = Array.from({ length: 9 }, (_, index) => cluster.ask(cluster.client(`outage-${how}-${index}`), `o${index}`))
      await sleep(1000)
      await leave()
      await sleep(2500)
      const during = cluster.ask(cluster.client(`outage-${how}-late`), 'late')
      await come()
      const results = await Promise.all([...asking, during])
      await sleep(12_000)
      const elsewhere = cluster.wecom.responses.map(({ body }) => JSON.stringify(body))
      const silent = results.filter(({ seen, isFinished }, index) => {
        const end = `${index < 9 ? `o${index}` : 'late'}-end`
        return !(isFinished && seen.at(-1)!.includes(end)) && !elsewhere.some(text => text?.includes(end))
      })
      assert.deepEqual(silent, [])
      assert.equal(cluster.questions.length, 10)
    })
  }

  it('are all there after a rolling restart under load', async () => {
    let isOver = false
    const load = Array.from({ length: 6 }, async (_, person) => {
      const incomplete: unknown[] = []
      for (let count = 0; !isOver; count++) {
        const question = `r${person}x${count}`
        const { seen, isFinished } = await cluster.ask(cluster.client(`rolling-${person}`), question)
        if (!isFinished || !seen.at(-1)) incomplete.push(seen)
      }
      return incomplete
    })
    for (const instance of cluster.instances) {
      process.kill(await instance.workerPid(), 'SIGKILL')
      const { length } = instance.output
      await until(() => instance.output.slice(length).includes('Ready.'), () => instance.output, LIMIT_MS)
    }
    isOver = true
    assert.deepEqual((await Promise.all(load)).flat(), [])
  })
})

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from 'common/testing'
import { scenarios } from 'testkit'
import { Cluster, slowAnswer } from '../support/cluster'

const POLL_INTERVAL_MS = 250

describe('conversations with three instances', function() {
  this.timeout(300_000)
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.start(3, { GEMINI_API_KEY: 'spec-key-1,spec-key-2,spec-key-3' })
  })
  after(() => cluster?.close())
  beforeEach(() => {
    cluster.gemini.respond(({ question }) => slowAnswer(question, 2, 100))
    cluster.gemini.requests.splice(0)
  })

  /** Sends a message to one instance. @returns a function that polls another one until the answer is complete */
  async function send(person: string, text: string, at: number) {
    const client = cluster.client(person, cluster.instances[at % 3])
    const { reply } = await client.post(client.text(text))
    const other = cluster.client(person, cluster.instances[(at + 1) % 3])
    return () => until(async () => {
      await sleep(POLL_INTERVAL_MS)
      const { content, finish } = (await other.poll(reply!.stream!.id)).reply!.stream!
      return finish && content
    }, `the answer to ${text}`)
  }

  it('answer one question at a time, each with all answers before it', async () => {
    const people = Array.from({ length: 10 }, (_, index) => `person${index}`)
    const answers = await Promise.all(people.map(async (person) => {
      const ends: (() => Promise<string>)[] = []
      // Not waiting for the answers: the questions of one person are at three instances at once.
      for (const number of [0, 1, 2]) ends.push(await send(person, `${person}n${number}`, number))
      return Promise.all(ends.map(end => end()))
    }))
    for (const [index, person] of people.entries()) {
      assert.deepEqual(answers[index].map(text => /^(\S+)-1 .*\1-end$/.exec(text)?.[1]), [0, 1, 2].map(n => `${person}n${n}`))
      const requests = cluster.gemini.requests.filter(({ question }) => question.startsWith(`${person}n`))
      assert.equal(requests.length, 3)
      const asked: string[] = []
      for (const { body, question } of requests) {
        const before = asked.flatMap(earlier => [earlier, `${earlier}-1 ${earlier}-2 ${earlier}-end`])
        const contents = (body.contents as { parts: { text: string }[] }[]).map(({ parts }) => parts.map(({ text }) => text).join(''))
        assert.deepEqual(contents, [...before, question])
        asked.push(question)
      }
    }
  })

  it('stop an answer, and begin anew, at an instance that does not answer', async () => {
    cluster.gemini.respond(({ question }) => slowAnswer(question, 100, 300))
    const end = await send('stopping', 'endless', 0)
    await until(() => cluster.questions.includes('endless'))
    const stopped = await send('stopping', '停止', 1)
    assert.equal(await stopped(), '已停止。')
    assert.doesNotMatch(await end(), /endless-end/)
    await (await send('stopping', '新对话', 2))()
    cluster.gemini.respond(({ question }) => slowAnswer(question, 1, 50))
    await (await send('stopping', 'fresh', 1))()
    assert.equal(cluster.gemini.requests.at(-1)!.body.contents.length, 1)
  })

  for (const [kind, used, spare, refusal] of [
    ['may not be asked again for ten minutes', 1, 2, () => scenarios.rateLimited(600)],
    ['is used up for today', 2, 3, () => scenarios.dailyQuota()],
  ] as const) {
    it(`do not ask with a key that ${kind}, as another one was told`, async () => {
      cluster.gemini.respond(({ key, question }) => {
        return key === `spec-key-${used}` ? refusal() : slowAnswer(question, 1, 50)
      })
      for (const at of [0, 1, 2]) await (await send(`key-${used}-${at}`, `question${at}`, at))()
      const keys = cluster.gemini.requests.filter(({ action }) => action === 'streamGenerateContent').map(({ key }) => key)
      assert.deepEqual(keys, [used, spare, spare, spare].map(number => `spec-key-${number}`))
    })
  }
})

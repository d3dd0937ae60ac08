import assert from 'node:assert/strict'
import type { Payload } from 'testkit'
import type { Reply, Report } from '../harness'
import { Line, Server, compare, trials } from '../harness'
import { EVERYTHING } from '../servers/settings'
import { bubble, callback, message, plaintext, poll } from '../harness/wecom'

interface Asked {
  payload: Payload
  /** Of the stream that answers it. */
  id: string
}

/** Asks so many questions whose answers are then being written. */
async function askAll({ port }: Server, count: number): Promise<Asked[]> {
  const line = await Line.open(port)
  const asked: Asked[] = []
  while (asked.length < count) {
    const payload = message('hello')
    const { body } = await line.ask(callback(payload))
    asked.push({ payload, id: bubble(body).id })
  }
  line.close()
  return asked
}

async function ask({ port }: Server, request: Buffer): Promise<Reply> {
  const line = await Line.open(port)
  const reply = await line.ask(request)
  line.close()
  return reply
}

/** The same requests again and again. */
function cycle(requests: Buffer[]): () => Buffer {
  let index = 0
  return () => requests[index++ % requests.length]
}

interface Setup {
  name: string
  /** The adapter's settings. */
  wecom: { previousToken?: string }
  database?: boolean
  connections: number[]
}

const setups: Setup[] = [
  { name: '', wecom: {}, connections: [32, 256] },
  { name: ' with everything switched on', wecom: EVERYTHING, database: true, connections: [32] },
]

/** Callbacks that no plugin has to answer: the adapter against a route that only opens an envelope and seals one. */
export async function callbacks(report: Report) {
  for (const { name: setup, wecom, database, connections: loads } of setups) {
    await trials(report, 0.9, async (tell) => {
      const adapter = await Server.start('instance', { answer: 'hold', database, wecom: { ...wecom, firstReply: 10 } })
      const asked = await askAll(adapter, 64)
      const { previousToken } = wecom
      const bare = await Server.start('bare', { dispatch: false, database, previousToken })
      const kinds: [name: string, requests: Buffer[]][] = [
        ['polls', asked.map(({ id, payload }) => callback(poll(id, payload)))],
        ['duplicates', asked.map(({ payload }) => callback(payload))],
        ['forged', asked.map(({ payload }) => callback(payload, 'forged'))],
      ]
      for (const [name, requests] of kinds) {
        const expected = await ask(adapter, requests[0])
        if (expected.status === 200) await bare.ask('say', plaintext(expected.body))
        const check = ({ status, body }: Reply) => {
          assert.equal(status, expected.status)
          assert.ok(Math.abs(body.length - expected.body.length) < 32)
        }
        for (const connections of loads) {
          const [ours, theirs] = [adapter, bare].map(server => ({ server, next: cycle(requests), check }))
          const comparison = await compare(ours, theirs, { connections })
          tell(`${name}${setup}, ${connections} connections, adapter : bare route`, comparison)
        }
      }
      await Promise.all([adapter.stop(), bare.stop()])
    })
  }
}

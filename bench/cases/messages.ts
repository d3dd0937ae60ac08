import assert from 'node:assert/strict'
import type { HttpReply, Report } from '../harness'
import { Connection, ServerProcess, compare, compareTrials } from '../harness'
import { USER_COUNT, encodeRequest, replyStream, textMessage } from '../harness/wecom'
import { ALL_FEATURES } from '../servers/settings'

const nextRequest = () => encodeRequest(textMessage('ping'))

function check({ body }: HttpReply) {
  const { finish, content } = replyStream(body)
  assert.ok(finish && content === 'pong', `unexpected reply: ${content}`)
}

/** Sends one message of each user, which creates the users in the database. */
async function createUsers({ port }: ServerProcess) {
  const connection = await Connection.open(port)
  for (let index = 0; index < USER_COUNT; index++) check(await connection.request(nextRequest()))
  connection.close()
}

interface Setup {
  name: string
  database: boolean
  /** The adapter's configuration. */
  wecom: object
  /** Whether the adapter claims messages in the database; the baseline then inserts a row per message as well. */
  claim?: boolean
  connections: number[]
}

const setups: Setup[] = [
  { name: 'without database', database: false, wecom: {}, connections: [32, 256] },
  { name: 'with database', database: true, wecom: {}, connections: [32, 256] },
  { name: 'with all features on', database: true, wecom: ALL_FEATURES, claim: true, connections: [32] },
]

/** New messages and a one-line middleware: the adapter compared with a route that only dispatches to Koishi. */
export async function messages(report: Report) {
  for (const { name, database, wecom, claim, connections: loads } of setups) {
    await compareTrials(report, 0.85, async (record) => {
      // A long firstReply makes the adapter reply at the end of the middleware chain, even under load.
      const adapter = await ServerProcess.start('instance', { answer: 'pong', database, wecom: { ...wecom, firstReply: 4000 } })
      const bare = await ServerProcess.start('bare', { dispatch: true, database, claim })
      for (const server of [adapter, bare]) await createUsers(server)
      for (const connections of loads) {
        const [subject, baseline] = [adapter, bare].map(server => ({ server, nextRequest, check }))
        const comparison = await compare(subject, baseline, { connections, rounds: 6, roundTime: 250 })
        record(`${name}, ${connections} connections, adapter : bare dispatch`, comparison)
      }
      await Promise.all([adapter.stop(), bare.stop()])
    })
  }
}

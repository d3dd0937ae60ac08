import assert from 'node:assert/strict'
import type { Reply, Report } from '../harness'
import { Line, Server, compare, trials } from '../harness'
import { EVERYTHING } from '../servers/settings'
import { PEOPLE, bubble, callback, message } from '../harness/wecom'

const next = () => callback(message('ping'))

function check({ body }: Reply) {
  const { finish, content } = bubble(body)
  assert.ok(finish && content === 'pong', `unexpected answer: ${content}`)
}

/** Lets everybody say something once, which makes them known to the database. */
async function introduce({ port }: Server) {
  const line = await Line.open(port)
  for (let index = 0; index < PEOPLE; index++) check(await line.ask(next()))
  line.close()
}

interface Setup {
  name: string
  database: boolean
  /** The adapter's settings. */
  wecom: object
  /** Whether messages are claimed in the database, which the bare side then has to do as well. */
  claim?: boolean
  connections: number[]
}

const setups: Setup[] = [
  { name: 'without database', database: false, wecom: {}, connections: [32, 256] },
  { name: 'with database', database: true, wecom: {}, connections: [32, 256] },
  { name: 'with everything switched on', database: true, wecom: EVERYTHING, claim: true, connections: [32] },
]

/** New messages and a one-line middleware: the adapter against a route that only asks Koishi. */
export async function messages(report: Report) {
  for (const { name, database, wecom, claim, connections: loads } of setups) {
    await trials(report, 0.85, async (tell) => {
      // The adapter, too, is to answer when the chain has ended and not before, however busy it is.
      const adapter = await Server.start('instance', { answer: 'pong', database, wecom: { ...wecom, firstReply: 4000 } })
      const bare = await Server.start('bare', { dispatch: true, database, claim })
      for (const server of [adapter, bare]) await introduce(server)
      for (const connections of loads) {
        const [ours, theirs] = [adapter, bare].map(server => ({ server, next, check }))
        const comparison = await compare(ours, theirs, { connections, rounds: 6, time: 250 })
        tell(`${name}, ${connections} connections, adapter : bare dispatch`, comparison)
      }
      await Promise.all([adapter.stop(), bare.stop()])
    })
  }
}

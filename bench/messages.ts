import assert from 'node:assert/strict'
import { Line, Reply, Report, Server, compare } from './harness'
import { PEOPLE, bubble, callback, message } from './wecom'

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

/** New messages and a one-line middleware: the adapter against a route that only asks Koishi. */
export async function messages(report: Report) {
  for (const database of [false, true]) {
    // The adapter, too, is to answer when the chain has ended and not before, however busy it is.
    const adapter = await Server.start('instance', { answer: 'pong', database, wecom: { firstReply: 4000 } })
    const bare = await Server.start('bare', { dispatch: true, database })
    for (const server of [adapter, bare]) await introduce(server)
    for (const connections of [32, 256]) {
      const [ours, theirs] = [adapter, bare].map(server => ({ server, next, check }))
      const { ratio, detail } = await compare(ours, theirs, { connections, rounds: 15, time: 250 })
      const name = `${database ? 'with' : 'without'} database, ${connections} connections, adapter : bare dispatch`
      report.atLeast(name, ratio, 0.85, detail)
    }
    await Promise.all([adapter.stop(), bare.stop()])
  }
}

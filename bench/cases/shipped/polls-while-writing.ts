import type { Gemini } from 'testkit'
import { scenarios } from 'testkit'
import type { Report } from '../../harness'
import { Connection, Load, ServerProcess, median } from '../../harness'
import { ANSWER, ask, sustained } from '../../harness/questions'
import type { ShippedInstance } from '../../harness/shipped-instance'
import { decryptReply, encodeRequest, messageOf, pollMessage } from '../../harness/wecom'
import { PATH } from '../../servers/settings'
import { cycle } from '../callbacks'

const TRIALS = 9
const OPEN_STREAMS = 16
const MESSAGES = 400
const CONNECTIONS = 16
const POLLERS = 32
const WARM_UP_MS = 1500
const POLL_TIME_MS = 1000

/**
 * Polls for open answers in the second after 400 others, when what those have left is written to the database, compared
 * with a route that only decrypts and encrypts.
 */
export async function pollsWhileWriting(report: Report, { port }: ShippedInstance, gemini: Gemini) {
  const bare = await ServerProcess.start('bare', { dispatch: false })
  const connection = await Connection.open(port)
  let release!: () => void
  const released = new Promise<void>(resolve => release = resolve)
  try {
    gemini.respond(() => scenarios.text(released, ANSWER))
    const requests: Buffer[] = []
    for (let index = 0; index < OPEN_STREAMS; index++) {
      const { stream, payload } = await ask(connection, messageOf(`waiting-${index}`, '你好'))
      requests.push(encodeRequest(pollMessage(stream, payload)))
    }
    gemini.respond(() => scenarios.text(ANSWER))
    await bare.call('setReply', decryptReply((await connection.request(requests[0]!)).body))
    // The instance has had them: a process whose connections came and went answers up to a sixth fewer requests.
    await connectOften(bare.port)
    for (const each of [port, bare.port]) await pollsPerSecond(each, requests, WARM_UP_MS)
    const ratios: number[] = []
    for (let trial = 0; trial < TRIALS; trial++) {
      // The machine is not equally fast all the time: before and after.
      const before = await pollsPerSecond(bare.port, requests, POLL_TIME_MS)
      await sustained(port, Array.from({ length: MESSAGES }, (_, index) => messageOf(`person-${index}`, '你好')), CONNECTIONS)
      const subject = await pollsPerSecond(port, requests, POLL_TIME_MS)
      const after = await pollsPerSecond(bare.port, requests, POLL_TIME_MS)
      ratios.push(2 * subject / (before + after))
    }
    const detail = `${TRIALS} trials: ${ratios.map(ratio => ratio.toFixed(2)).join(', ')}`
    report.atLeast(`polls in the second after ${MESSAGES} answers : bare route`, median(ratios), 0.9, detail)
  } finally {
    release()
    connection.close()
    await bare.stop()
  }
}

async function pollsPerSecond(port: number, requests: readonly Buffer[], time: number): Promise<number> {
  const load = await Load.open(port, POLLERS)
  try {
    const { rate } = await load.run(time, cycle(requests), ({ status }) => {
      if (status !== 200) throw new Error(`a poll was answered with ${status}`)
    })
    return rate
  } finally {
    load.close()
  }
}

/** As many connections as in bursts of messages, which are used and closed. */
async function connectOften(port: number) {
  const request = Buffer.from(`GET ${PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  for (let round = 0; round < 4; round++) {
    const load = await Load.open(port, 500)
    for (let count = 0; count < 5; count++) {
      await Promise.all(load.connections.map(connection => connection.request(request)))
    }
    load.close()
  }
}

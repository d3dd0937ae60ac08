import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import type { Gemini, Payload } from 'testkit'
import { createGemini, scenarios } from 'testkit'
import type { Report } from '../harness'
import { Connection, Load, median, quantile } from '../harness'
import { ShippedInstance } from '../harness/shipped-instance'
import { encodeRequest, messageOf, pollMessage, replyStream } from '../harness/wecom'

const BURST = 500
const CONNECTIONS = 16
const STEADY_MESSAGES = 400
const LONE_MESSAGES = 20
/** After this time WeCom gives up the first reply, and sends the message again. */
const FIRST_REPLY_LIMIT_MS = 5_000
const POLL_INTERVAL_MS = 100
const ANSWER_TIMEOUT_MS = 60_000

const answer = scenarios.text('好的。')

interface Asked {
  payload: Payload
  /** Milliseconds to the first reply. */
  firstReply: number
  stream: string
  finished: boolean
}

async function ask(connection: Connection, payload: Payload): Promise<Asked> {
  const sentAt = performance.now()
  const { body } = await connection.request(encodeRequest(payload))
  const { id, finish } = replyStream(body)
  return { payload, firstReply: performance.now() - sentAt, stream: id, finished: finish }
}

/** Polls until the answer is complete. @throws if it is not the model's, or does not come */
async function waitForAnswer(connection: Connection, { payload, stream }: Asked) {
  for (const start = performance.now(); performance.now() - start < ANSWER_TIMEOUT_MS;) {
    const reply = await connection.request(encodeRequest(pollMessage(stream, payload)))
    const { finish, content } = replyStream(reply.body)
    if (finish) return assert.match(content ?? '', /好的。/)
    await new Promise(resolve => setTimeout(resolve, POLL_INTERVAL_MS))
  }
  throw new Error('an answer did not come')
}

/** Sends messages of different people at once, and waits for all answers. */
async function burst(port: number, payloads: readonly Payload[]): Promise<number[]> {
  const load = await Load.open(port, payloads.length)
  const { connections } = load
  const asked = await Promise.all(payloads.map((payload, index) => ask(connections[index]!, payload)))
  await Promise.all(asked.map((each, index) => waitForAnswer(connections[index]!, each)))
  load.close()
  return asked.map(({ firstReply }) => firstReply)
}

/** Questions one after another on a few connections, each with its answer. */
async function steady(port: number, payloads: readonly Payload[]) {
  const load = await Load.open(port, CONNECTIONS)
  const queue = [...payloads]
  const asked: number[] = []
  const start = performance.now()
  await Promise.all(load.connections.map(async (connection) => {
    for (let payload = queue.shift(); payload; payload = queue.shift()) {
      const message = await ask(connection, payload)
      asked.push(performance.now() - start)
      if (!message.finished) await waitForAnswer(connection, message)
    }
  }))
  load.close()
  return payloads.length / (performance.now() - start) * 1000
}

/** The instance as it ships, with everything that people wait for: SQLite file, chat and console. */
export async function instance(report: Report) {
  const gemini = await createGemini()
  gemini.respond(() => answer)
  const shipped = await ShippedInstance.start({ GEMINI_API_KEY: 'benchmark', GEMINI_BASE_URL: gemini.url })
  try {
    report.atMost('start of lib/start.js to the first answered request, ms', shipped.startTime, 1000)
    await measureBursts(report, shipped)
    await measureSteady(report, shipped)
    await measureLone(report, shipped, gemini)
  } finally {
    await shipped.stop()
    await gemini.close()
  }
}

async function measureBursts(report: Report, { port }: ShippedInstance) {
  const people = (prefix: string, chat?: string) => Array.from({ length: BURST }, (_, index) => {
    return messageOf(`${prefix}-${index}`, '你好', chat && `${chat}-${index % 50}`)
  })
  const bursts: [string, Payload[]][] = [
    ['new people in groups', people('group-member', 'wrGroup')],
    ['known people in groups', people('group-member', 'wrGroup')],
    ['new people, single chats', people('person')],
    ['known people, single chats', people('person')],
  ]
  for (const [name, payloads] of bursts) {
    const times = await burst(port, payloads)
    const late = times.filter(time => time > FIRST_REPLY_LIMIT_MS).length
    const detail = `median ${Math.round(median(times))} ms`
    report.atMost(`${BURST} messages at once, ${name}: first replies later than 5 s`, late, 0)
    report.atMost(`${BURST} messages at once, ${name}: slowest first reply, ms`, Math.max(...times), 1500, detail)
  }
}

async function measureSteady(report: Report, shipped: ShippedInstance) {
  const payloads = () => Array.from({ length: STEADY_MESSAGES }, (_, index) => messageOf(`person-${index}`, '你好'))
  await steady(shipped.port, payloads())
  const before = { ...await shipped.usage(), statements: await shipped.statements() }
  const rate = await steady(shipped.port, payloads())
  // What is written later belongs to the messages.
  await new Promise(resolve => setTimeout(resolve, 2000))
  const after = { ...await shipped.usage(), statements: await shipped.statements() }
  const cpu = (after.cpu - before.cpu) / STEADY_MESSAGES * 1000
  const statements = (after.statements - before.statements) / STEADY_MESSAGES
  report.atLeast(`answered per second, ${CONNECTIONS} at a time`, rate, 200)
  report.atMost('CPU per answered message of a known person, ms', cpu, 5)
  report.atMost('SQL statements per answered message of a known person', statements, 8)
  report.atMost('resident memory of launcher and worker after that, MB', after.memory, 300)
}

async function measureLone(report: Report, { port }: ShippedInstance, gemini: Gemini) {
  const pause = () => new Promise<void>(resolve => setTimeout(resolve, 300))
  gemini.respond(() => scenarios.text(pause(), '好的。'))
  const connection = await Connection.open(port)
  const times: number[] = []
  for (let index = 0; index < LONE_MESSAGES; index++) {
    const asked = await ask(connection, messageOf(`person-${index}`, '你好'))
    times.push(asked.firstReply)
    await waitForAnswer(connection, asked)
  }
  connection.close()
  const detail = `slowest ${Math.round(quantile(times, 1))} ms`
  report.atMost('first reply of a lone message while the model thinks, ms (median)', median(times), 20, detail)
}

import type { Gemini, Payload } from 'testkit'
import { createGemini, scenarios } from 'testkit'
import type { Report } from '../../harness'
import { Connection, median, quantile } from '../../harness'
import { ShippedInstance } from '../../harness/shipped-instance'
import { ANSWER, ask, burst, sustained, waitForAnswer } from '../../harness/questions'
import { messageOf } from '../../harness/wecom'
import { pollsWhileWriting } from './polls-while-writing'

const BURST = 500
const CONNECTIONS = 16
const STEADY_MESSAGES = 400
const WARM_UP_ROUNDS = 5
const ROUNDS = 3
const LONE_MESSAGES = 20
/** Until timers of the start have fired. */
const UNTIL_IDLE_MS = 8_000
/** After this time WeCom gives up the first reply, and sends the message again. */
const FIRST_REPLY_LIMIT_MS = 5_000
const answer = scenarios.text(ANSWER)

/** The instance as it ships, with everything that people wait for: SQLite file, chat and console. */
export async function instance(report: Report) {
  const gemini = await createGemini()
  gemini.respond(() => answer)
  const shipped = await ShippedInstance.start({ GEMINI_API_KEY: 'benchmark', GEMINI_BASE_URL: gemini.url })
  try {
    report.atMost('start of lib/start.js to the first answered request, ms', shipped.startTime, 1000)
    await new Promise(resolve => setTimeout(resolve, UNTIL_IDLE_MS))
    report.atMost('resident memory of launcher and worker when idle, MB', (await shipped.usage()).memory, 150)
    await measureBursts(report, shipped)
    await measureSteady(report, shipped)
    await measureLone(report, shipped, gemini)
    await pollsWhileWriting(report, shipped, gemini)
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

/** The compiler has optimized what runs for every message after about two thousand of them. */
async function measureSteady(report: Report, shipped: ShippedInstance) {
  const payloads = () => Array.from({ length: STEADY_MESSAGES }, (_, index) => messageOf(`person-${index}`, '你好'))
  const cpu: number[] = []
  const acknowledged: number[] = []
  const answered: number[] = []
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const before = await shipped.usage()
    const rates = await sustained(shipped.port, payloads(), CONNECTIONS)
    // What is written later belongs to the messages.
    await new Promise(resolve => setTimeout(resolve, 2000))
    const after = await shipped.usage()
    const cpuMs = (after.cpu - before.cpu) / STEADY_MESSAGES * 1000
    if (round < 0) {
      report.note(`while the program warms up: ${cpuMs.toFixed(1)} ms of CPU per message`)
      continue
    }
    cpu.push(cpuMs)
    acknowledged.push(rates.acknowledged)
    answered.push(rates.answered)
  }
  const detail = (values: number[]) => `${ROUNDS} rounds: ${values.map(value => value.toFixed(1)).join(', ')}`
  report.atLeast(`acknowledged per second, ${CONNECTIONS} at a time`, median(acknowledged), 500, detail(acknowledged))
  report.atLeast(`answered per second, ${CONNECTIONS} at a time`, median(answered), 200, detail(answered))
  report.atMost('CPU per answered message of a known person, ms', median(cpu), 5, detail(cpu))
  report.atMost('resident memory of launcher and worker after that, MB', (await shipped.usage()).memory, 350)
}

async function measureLone(report: Report, { port }: ShippedInstance, gemini: Gemini) {
  const pause = () => new Promise<void>(resolve => setTimeout(resolve, 300))
  gemini.respond(() => scenarios.text(pause(), ANSWER))
  const connection = await Connection.open(port)
  const times: number[] = []
  for (let index = 0; index < LONE_MESSAGES; index++) {
    const asked = await ask(connection, messageOf(`person-${index}`, '你好'))
    times.push(asked.firstReply)
    await waitForAnswer(connection, asked)
  }
  connection.close()
  const detail = `slowest ${Math.round(quantile(times, 1))} ms`
  report.atMost('first reply of a lone message while the model thinks, ms (median)', median(times), 10, detail)
}

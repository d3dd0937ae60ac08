import { stat } from 'node:fs/promises'
import type { Payload } from 'testkit'
import { createGemini, scenarios } from 'testkit'
import type { Report } from '../../harness'
import { ServerProcess } from '../../harness'
import { ANSWER, steady } from '../../harness/questions'
import { ShippedInstance } from '../../harness/shipped-instance'
import { messageOf } from '../../harness/wecom'

const SIZES = [1, 100, 1000]
const CONNECTIONS = 16
const MESSAGES = 400
/** After which what is done once after a start is done. */
const START_TIME_MS = 10_000
/** After which everything that is swept each minute has been swept. */
const SWEEP_TIME_MS = 60_000

/**
 * The instance with the database of a first day, of some months, and of years: what a message costs, and for how long a
 * statement holds the event loop while old rows are swept. Files of all sizes are made for the run.
 */
export async function growth(report: Report) {
  const gemini = await createGemini()
  gemini.respond(() => scenarios.text(ANSWER))
  let smallest: number | undefined
  try {
    for (const megabytes of SIZES) {
      const server = await ServerProcess.start('growth', { megabytes })
      const database = await server.call<string>('file')
      const name = `${Math.round((await stat(database)).size / 1e6).toLocaleString('en')} MB`
      const env = { GEMINI_API_KEY: 'benchmark', GEMINI_BASE_URL: gemini.url }
      const shipped = await ShippedInstance.start(env, { preload: 'count.cjs', database })
      try {
        await server.call('remove')
        report.atMost(`${name}: start of lib/start.js to the first answered request, ms`, shipped.startTime, 1500)
        await reportLongest(report, `${name}: longest statement of the start, CPU ms`, shipped, START_TIME_MS, 50)
        await reportLongest(report, `${name}: longest statement while old rows are swept, CPU ms`, shipped, SWEEP_TIME_MS, 20)
        const cpu = await cpuPerMessage(report, name, shipped)
        smallest ??= cpu
        report.atMost(`${name}: CPU per answered message, to that of the smallest file`, cpu / smallest, 1.3, `${cpu.toFixed(1)} ms`)
      } finally {
        await shipped.stop()
        await server.stop()
      }
    }
  } finally {
    await gemini.close()
  }
}

/** The longest statement of some milliseconds. */
async function reportLongest(report: Report, name: string, shipped: ShippedInstance, time: number, limit: number) {
  await new Promise(resolve => setTimeout(resolve, time))
  const { longest } = await shipped.counts()
  report.atMost(name, longest.ms, limit, longest.sql)
}

/** Of people who are known. @returns milliseconds */
async function cpuPerMessage(report: Report, name: string, shipped: ShippedInstance): Promise<number> {
  const payloads = (): Payload[] => Array.from({ length: MESSAGES }, (_, index) => messageOf(`person-${index}`, '你好'))
  await steady(shipped.port, payloads(), CONNECTIONS)
  await shipped.counts()
  const before = await shipped.usage()
  await steady(shipped.port, payloads(), CONNECTIONS)
  const after = await shipped.usage()
  await reportLongest(report, `${name}: longest statement while ${MESSAGES} messages are answered, CPU ms`, shipped, 0, 20)
  report.atMost(`${name}: resident memory of launcher and worker after that, MB`, after.memory, 400)
  return (after.cpu - before.cpu) / MESSAGES * 1000
}

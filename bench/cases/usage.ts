import type { Report } from '../harness'
import { ServerProcess, median } from '../harness'
import type { Cost } from '../servers/usage'

const ROWS = 1_000_000
const REPEATS = 3

const REPORTS = [
  ['gemini.usage -a', 'all'], ['gemini.usage', 'own'],
  ['page, 24 hours', 'pageOfDay'], ['page, 30 days', 'pageOfMonth'], ['page, a year', 'pageOfYear'],
] as const

/**
 * `gemini.usage` and the page of statistics with a year of rows: how much CPU time they take, and for how long they
 * hold the event loop.
 */
export async function usage(report: Report) {
  const server = await ServerProcess.start('usage', { rows: ROWS })
  try {
    for (const [name, action] of REPORTS) {
      const costs: Cost[] = []
      for (let repeat = 0; repeat < REPEATS; repeat++) costs.push(await server.call<Cost>(action))
      const time = median(costs.map(({ time }) => time))
      const hold = median(costs.map(({ hold }) => hold))
      report.atMost(`${name} with 1,000,000 rows, CPU ms (median of ${REPEATS})`, time, 300)
      report.atMost(`${name} with 1,000,000 rows: event loop held, CPU ms (median of the longest)`, hold, 50)
    }
    await server.call('remove')
  } finally {
    await server.stop()
  }
}

import type { Report } from '../harness'
import { ServerProcess, median } from '../harness'
import type { Cost } from '../servers/usage'

const ROWS = 1_000_000
const REPEATS = 3

/** `gemini.usage` with a year of rows: how much CPU time it takes, and for how long it holds the event loop. */
export async function usage(report: Report) {
  const server = await ServerProcess.start('usage', { rows: ROWS })
  try {
    for (const [name, action] of [['gemini.usage -a', 'all'], ['gemini.usage', 'own']] as const) {
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

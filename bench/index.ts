/** Runs the benchmarks, or those that are named: `npm run bench -- messages soak`. */

import { callbacks } from './cases/callbacks'
import { chunk } from './cases/first-chunk-latency'
import { conversations } from './cases/conversations'
import { dingtalk } from './cases/dingtalk'
import type { Bench } from './harness'
import { Report } from './harness'
import { messages } from './cases/messages'
import { proxy } from './cases/proxy'
import { soak } from './cases/soak'
import { streams } from './cases/streams'

const benches: Record<string, Bench> = { callbacks, messages, chunk, conversations, streams, proxy, dingtalk, soak }
/** As long as all others together: run where they are named. */
const long = ['soak']

async function main(names: string[]) {
  const unknown = names.find(name => !(name in benches))
  if (unknown) throw new Error(`there is no benchmark "${unknown}", only ${Object.keys(benches).join(', ')}`)
  const missed: string[] = []
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length ? !names.includes(name) : long.includes(name)) continue
    const report = new Report(name)
    await bench(report)
    missed.push(...report.missed)
  }
  if (missed.length) throw new Error(`missed: ${missed.join('; ')}`)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})

/**
 * Runs all benchmarks but growth, instances, short, soak and profile, or those named: `npm run bench -- messages soak`.
 */

import { callbacks } from './cases/callbacks'
import { conversations } from './cases/conversations'
import { dialects } from './cases/dialects'
import { dingtalk } from './cases/dingtalk'
import { firstChunkLatency } from './cases/first-chunk-latency'
import { growth } from './cases/shipped/growth'
import { instance } from './cases/shipped/instance'
import { instances } from './cases/scale/instances'
import { longConnection } from './cases/long-connection'
import { messages } from './cases/messages'
import { profile } from './cases/shipped/profile'
import { proxy } from './cases/proxy'
import { sharedState } from './cases/scale/shared-state'
import { short } from './cases/shipped/short'
import { soak } from './cases/soak'
import { streams } from './cases/streams'
import { toolRounds } from './cases/tool-rounds'
import { usage } from './cases/usage'
import type { Bench } from './harness'
import { Report } from './harness'

const benches: Record<string, Bench> = {
  callbacks, messages, 'first-chunk': firstChunkLatency,
  'tool-rounds': toolRounds,
  conversations, streams, 'long-connection': longConnection, proxy,
  dingtalk, dialects, usage, instance, 'shared-state': sharedState, growth, instances, short, soak, profile,
}
/**
 * These only run if named: the first writes a file of a gigabyte, the second needs redis-server, the third repeats what
 * `instance` shows, the fourth takes as long as all others, the last has no targets.
 */
const NAMED_ONLY = ['growth', 'instances', 'short', 'soak', 'profile']

async function main(names: string[]) {
  const unknown = names.find(name => !(name in benches))
  if (unknown) throw new Error(`unknown benchmark "${unknown}"; available: ${Object.keys(benches).join(', ')}`)
  const missed: string[] = []
  for (const [name, bench] of Object.entries(benches)) {
    if (names.length ? !names.includes(name) : NAMED_ONLY.includes(name)) continue
    const report = new Report(name)
    await bench(report)
    missed.push(...report.missed)
  }
  if (missed.length) throw new Error(`missed targets: ${missed.join('; ')}`)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})

/**
 * Runs the built instance through a compressed month: `npm run endure`, or in three minutes
 * `npm run endure -- --short`. It fails when one question stays without an answer or a sentence, and when anything
 * grows without bound. `--seed <number>` repeats the random moments of an earlier run, `--only <text>` runs the kinds
 * of events whose name contains the text, and can be given several times.
 */
import { parseArgs } from 'node:util'
import { downtime, lasting, start } from './events'
import type { EventKind } from './events/kind'
import type { Sample } from './growth'
import { judgeGrowth, takeSample } from './growth'
import { Random } from './random'
import { Report } from './report'
import { Tally } from './tally'
import { World } from './world'

const { values } = parseArgs({ options: {
  short: { type: 'boolean', default: false }, seed: { type: 'string' }, only: { type: 'string', multiple: true, default: [''] },
} })

/** In a whole month every kind is repeated, so that the second half of the samples has seen the same as the first. */
const ROUNDS = values.short ? 1 : 2
/** Kinds after which a sample is taken. */
const KINDS_PER_SAMPLE = values.short ? 3 : 1

async function main() {
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  console.log(`${values.short ? 'a short run' : 'a month'}, seed ${seed} (repeat with --seed ${seed})`)
  const report = new Report()
  const world = await World.create(new Random(seed), values.short ? 40_000 : 240_000, values.short ? 150 : 250)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      world.instance.close()
      process.exit(130)
    })
  }
  const size = (short: number, full: number) => values.short ? short : full
  const samples: Sample[] = []

  async function run(kind: EventKind, tally = new Tally(world)) {
    const startedAt = performance.now()
    try {
      await kind.run(world, tally, size)
    } catch (error) {
      tally.problems.push((error as Error).stack ?? String(error))
    }
    tally.problems.push(...world.gateway.violations.splice(0).map(violation => `the long connection: ${violation}`))
    return { tally, durationMs: performance.now() - startedAt }
  }

  try {
    const chosen = (all: EventKind[]) => all.filter(({ name }) => values.only.some(text => name.includes(text)))
    const { tally, durationMs } = await run(start)
    report.event(start, tally, durationMs)
    const totals = new Map(chosen(lasting).map(kind => [kind, { tally: new Tally(world), durationMs: 0 }]))
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [index, [kind, total]] of [...totals].entries()) {
        const { durationMs } = await run(kind, total.tally)
        total.durationMs += durationMs
        if ((index + 1) % KINDS_PER_SAMPLE === 0) samples.push(await takeSample(world, kind.name))
        if (round === ROUNDS) report.event(kind, total.tally, total.durationMs)
        else report.progress(kind, round, ROUNDS, durationMs)
      }
    }
    if (samples.length > 1) report.growth(judgeGrowth(samples))
    for (const kind of chosen(downtime)) {
      const { tally, durationMs } = await run(kind)
      report.event(kind, tally, durationMs)
    }
    if (report.failures.length) console.log(`\nthe end of the instance's output:\n${world.instance.output.slice(-6000)}`)
  } finally {
    await world.close()
  }
  console.log(report.failures.length ? `\n${report.failures.length} failed` : '\nall endured')
  process.exit(report.failures.length ? 1 : 0)
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

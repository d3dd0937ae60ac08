import type { Comparison } from './compare'
import type { Report } from './report'

/** With fresh processes each: what the compiler makes of the same code differs from one process to the next. */
const TRIALS = 3

/**
 * Makes the same comparisons several times over, and reports the middle one of each.
 * @param target what no ratio may fall below
 * @param run starts what is compared, and tells how it compares, by name
 */
export async function trials(
  report: Report,
  target: number,
  run: (tell: (name: string, comparison: Comparison) => void) => Promise<void>,
) {
  const told = new Map<string, Comparison[]>()
  for (let trial = 0; trial < TRIALS; trial++) {
    await run((name, comparison) => void told.set(name, [...told.get(name) ?? [], comparison]))
  }
  for (const [name, comparisons] of told) {
    const sorted = comparisons.sort((one, other) => one.ratio - other.ratio)
    const { ratio, detail } = sorted[TRIALS >> 1]
    const all = sorted.map(comparison => comparison.ratio.toFixed(2)).join(', ')
    report.atLeast(name, ratio, target, `${TRIALS} trials: ${all}; ${detail}`)
  }
}

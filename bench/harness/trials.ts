import type { Comparison } from './compare'
import type { Report } from './report'

/** Each trial has new processes, because the compiler's output differs from one process to the next. */
const TRIALS = 3

/**
 * Repeats a set of comparisons and reports the median of each.
 * @param target the lowest acceptable ratio
 * @param run starts the servers and records comparisons by name
 */
export async function compareTrials(
  report: Report,
  target: number,
  run: (record: (name: string, comparison: Comparison) => void) => Promise<void>,
) {
  const recorded = new Map<string, Comparison[]>()
  for (let trial = 0; trial < TRIALS; trial++) {
    await run((name, comparison) => void recorded.set(name, [...recorded.get(name) ?? [], comparison]))
  }
  for (const [name, comparisons] of recorded) {
    const sorted = comparisons.sort((left, right) => left.ratio - right.ratio)
    const { ratio, detail } = sorted[TRIALS >> 1]
    const all = sorted.map(comparison => comparison.ratio.toFixed(2)).join(', ')
    report.atLeast(name, ratio, target, `${TRIALS} trials: ${all}; ${detail}`)
  }
}

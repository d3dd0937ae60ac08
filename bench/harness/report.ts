/** Prints the figures of one benchmark, a line each, and keeps those that missed their target. */
export class Report {
  readonly missed: string[] = []

  constructor(readonly bench: string) {}

  /** A figure that may not fall below its target. */
  atLeast(name: string, value: number, target: number, detail?: string) {
    this.line(value >= target, `${name}: ${format(value)}, target ≥ ${format(target)}`, detail)
  }

  /** A figure that may not exceed its target. */
  atMost(name: string, value: number, target: number, detail?: string) {
    this.line(value <= target, `${name}: ${format(value)}, target ≤ ${format(target)}`, detail)
  }

  private line(met: boolean, figure: string, detail?: string) {
    if (!met) this.missed.push(`${this.bench}: ${figure}`)
    console.log(`${met ? '✓' : '✗'} ${this.bench}: ${figure}${detail ? ` (${detail})` : ''}`)
  }
}

function format(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 })
}

/** Prints the figures of one benchmark, one per line, and collects those that missed their target. */
export class Report {
  readonly missed: string[] = []

  constructor(readonly bench: string) {}

  /** Adds a figure with a lower limit. */
  atLeast(name: string, value: number, target: number, detail?: string) {
    this.print(value >= target, `${name}: ${format(value)}, target ≥ ${format(target)}`, detail)
  }

  /** Adds a figure with an upper limit. */
  atMost(name: string, value: number, target: number, detail?: string) {
    this.print(value <= target, `${name}: ${format(value)}, target ≤ ${format(target)}`, detail)
  }

  /** Prints a share of a whole, which has no target. */
  info(name: string, share: number) {
    console.log(`  ${this.bench}: ${(share * 100).toFixed(1).padStart(5)} %  ${name}`)
  }

  /** Prints a sentence that the figures need. */
  note(text: string) {
    console.log(`  ${this.bench}: ${text}`)
  }

  private print(met: boolean, figure: string, detail?: string) {
    if (!met) this.missed.push(`${this.bench}: ${figure}`)
    console.log(`${met ? '✓' : '✗'} ${this.bench}: ${figure}${detail ? ` (${detail})` : ''}`)
  }
}

function format(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 })
}

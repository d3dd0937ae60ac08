/** A message in both languages, one line each. */
export interface BilingualText {
  zh: string
  en: string
}

/** `✓` works, `-` is off, `!` needs attention, `✗` stops the instance. */
export type Mark = '✓' | '-' | '!' | '✗'

export interface ReportLine extends BilingualText {
  mark: Mark
}

/** Chinese first, English below it. */
export function formatLine(line: ReportLine): string {
  return `${line.mark} ${line.zh}\n  ${line.en}`
}

/** Prints to standard output, independently of any log level. */
export function printLines(lines: ReportLine[]): void {
  process.stdout.write(lines.map(line => formatLine(line) + '\n').join(''))
}

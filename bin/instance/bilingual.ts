/** One line for the person at the terminal, in both languages. */
export interface Text {
  zh: string
  en: string
}

/** `✓` works, `-` is off, `!` needs a look, `✗` stops the instance. */
export type Mark = '✓' | '-' | '!' | '✗'

export interface Line extends Text {
  mark: Mark
}

/** Chinese first, English below it. */
export function format(line: Line): string {
  return `${line.mark} ${line.zh}\n  ${line.en}`
}

/** Plain standard output: these lines are read by people, and must not depend on any log level. */
export function print(lines: Line[]): void {
  process.stdout.write(lines.map(line => format(line) + '\n').join(''))
}

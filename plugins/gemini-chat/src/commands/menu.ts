/**
 * A numbered list of names, one per line, so that long names need not be typed.
 * @param remark text after a name
 */
export function formatMenu(names: readonly string[], remark: (name: string) => string = () => ''): string {
  return names.map((name, index) => `${index + 1}. ${name}${remark(name)}`).join('\n')
}

/** The name that a choice means: by itself, in quotation marks, or by its number. */
export function pickFromMenu(names: readonly string[], choice: string): string | undefined {
  choice = choice.replace(/^["“「](.*)["”」]$/, '$1')
  return names.find(name => name === choice) ?? (/^\d+$/.test(choice) ? names[+choice - 1] : undefined)
}

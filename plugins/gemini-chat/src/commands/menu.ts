/**
 * Names to choose from, a line for each, with its number: long names are hard to type on a phone.
 * @param remark what to say of one, behind its name
 */
export function formatMenu(names: readonly string[], remark: (name: string) => string = () => ''): string {
  return names.map((name, index) => `${index + 1}. ${name}${remark(name)}`).join('\n')
}

/** The name that somebody means by itself, in quotation marks or not, or by its number. */
export function pickFromMenu(names: readonly string[], choice: string): string | undefined {
  choice = choice.replace(/^["“](.*)["”]$/, '$1')
  return names.find(name => name === choice) ?? (/^\d+$/.test(choice) ? names[+choice - 1] : undefined)
}

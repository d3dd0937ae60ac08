/** Characters that mean something anywhere in a line. */
const inline = /[\\`*_~[\]]/g

/** What makes a heading, quote, list item, rule or setext underline at the beginning of a line. */
const block = /^(\s*)(#{1,6}(?=\s|$)|>|[-+=](?=\s|[-+=]*$)|(\d+)([.)])(?=\s|$))/

/**
 * Escapes text so that DingTalk's Markdown shows it as it is, and no HTML in it takes effect.
 * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
 */
export function escapeMarkdown(text: string): string {
  return text.split('\n').map(escapeLine).join('\n')
}

function escapeLine(line: string): string {
  return line
    .replace(/&(?=#?\w+;)/g, '&amp;')
    .replace(inline, (character, at: number) => isInWord(character, line, at) ? character : `\\${character}`)
    .replace(/</g, '&lt;')
    .replace(block, (_, space: string, mark: string, digits?: string, dot?: string) => {
      return digits ? `${space}${digits}\\${dot}` : `${space}\\${mark}`
    })
    // Four spaces would make a code block.
    .replace(/^ {4,}/, spaces => '\u00A0'.repeat(spaces.length))
}

/** An underscore between letters is no emphasis; escaped it would spoil names that people copy. */
function isInWord(character: string, line: string, at: number): boolean {
  return character === '_' && /\w/.test(line[at - 1] ?? '') && /\w/.test(line[at + 1] ?? '')
}

/**
 * Takes the mention of the bot off a group message. WeCom leaves it in the text as `@` and the display name, which may
 * hold spaces; every other `@word` belongs to what was said.
 * @param name the bot's display name; where it is not known, the one word that a group message begins with goes
 */
export function stripMention(text: string, name?: string): string {
  if (!name) return text.replace(/^\s*@\S+\s*/, '')
  const mention = '@' + name
  const start = text.trimStart()
  if (start.startsWith(mention) && isBoundary(start[mention.length])) return start.slice(mention.length).trimStart()
  const end = text.trimEnd()
  if (end.endsWith(mention) && isBoundary(end[end.length - mention.length - 1])) {
    return end.slice(0, -mention.length).trimEnd()
  }
  return text
}

function isBoundary(char: string | undefined) {
  return char === undefined || /\s/.test(char)
}

import type { h } from 'koishi'

/** Without a known name: a longer word is no name alone, but a name with a question behind it. */
const MAX_LONE_NAME_LENGTH = 4
/** As above, where more text follows. */
const MAX_NAME_LENGTH = 10

/**
 * Removes the mention of the bot from the texts of a group message: from the first text that has one, since in a mixed
 * message it may be the second. A doubled mention is removed as a whole.
 * @param name the bot's display name, if it is known
 */
export function removeMention(elements: h[], name: string | undefined) {
  for (const { type, attrs } of elements) {
    if (type !== 'text') continue
    const text: string = attrs.content
    let rest = stripMention(text, name)
    // Without a name, only the same word again is the same mention.
    const doubled = name ?? /^\s*[@＠](\S+)/.exec(text)?.[1]
    for (let before = text; rest !== before && startsWithMention(rest, doubled);) {
      before = rest
      rest = stripMention(rest, doubled)
    }
    attrs.content = rest
    if (rest !== text || !name) return
  }
}

/**
 * Removes the mention of the bot from a text. WeCom leaves it there as `@` and the display name, which may contain
 * spaces; other `@word`s are kept. A question that follows the name without a blank is kept, too.
 * @param name the bot's display name; unless given, the `@word` that the text starts with is removed
 */
export function stripMention(text: string, name?: string): string {
  if (!name) return stripFirstWord(text)
  const start = text.trimStart()
  if (startsWithMention(start, name)) return start.slice(name.length + 1).trimStart()
  const end = text.trimEnd()
  const at = end.length - name.length - 1
  if (end.endsWith(name) && isAt(end[at]) && isBlank(end[at - 1])) return end.slice(0, at).trimEnd()
  return text
}

function stripFirstWord(text: string): string {
  const [whole, word] = /^\s*[@＠](\S+)\s*/.exec(text) ?? []
  if (!whole) return text
  const rest = text.slice(whole.length)
  const isChinese = /\p{Script=Han}/u.test(word.slice(0, 100))
  // Where the name ends is not known: keep it, so that the question is not lost.
  return isChinese && word.length > (rest ? MAX_NAME_LENGTH : MAX_LONE_NAME_LENGTH) ? `${word} ${rest}`.trimEnd() : rest
}

function startsWithMention(text: string, name: string | undefined): boolean {
  return !!name && isAt(text[0]) && text.startsWith(name, 1) && endsName(text.slice(name.length + 1, name.length + 3))
}

function isAt(char: string | undefined) {
  return char === '@' || char === '＠'
}

function isBlank(char: string | undefined) {
  return char === undefined || /\s/.test(char)
}

/** Whether a name ends before this text: at a blank, or where Chinese, Japanese or Korean follows without one. */
function endsName(next: string): boolean {
  return isBlank(next[0]) || /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(next)
}

/**
 * What a platform makes of each construct of Markdown that models write. `rendered` is shown as it is meant and passes
 * unchanged; anything else says what it is rewritten to, because the platform would show it as text, or break the text
 * around it.
 */
export interface Dialect {
  headings: 'rendered'
  emphasis: 'rendered'
  /** Marks of emphasis between punctuation and a letter, as in `**注意：**正文`: a hair space is put outside of them. */
  emphasisBesideChinese: 'spaced'
  strikethrough: 'rendered'
  /** A single tilde between numbers, and an asterisk: kept from being markup by a hair space or a backslash. */
  literalMarks: 'spaced' | 'escaped'
  /** A backslash before punctuation. */
  backslashes: 'rendered' | 'removed'
  code: 'rendered'
  quotes: 'rendered'
  lists: 'rendered'
  /** Items that are indented less than the text of their parent: they get its indentation. */
  nestedLists: 'indented'
  /** `- [x] done`: ballot boxes. */
  tasks: 'boxes'
  rules: 'rendered'
  /** Line breaks in a paragraph. */
  lineBreaks: 'rendered' | '<br>' | 'two spaces'
  /** Tables need a blank line before them, or become lists. */
  tables: 'rendered' | 'blank line' | 'lists'
  /** `<br>` in a table: a semicolon. */
  cellBreaks: 'semicolons'
  links: 'rendered'
  /** Spaces and parentheses in the target of a link are encoded; titles are dropped. */
  linkTargets: 'encoded'
  /** Links to what is no page, such as `#part` and `sandbox:/file`: their text. */
  localLinks: 'text'
  /** An address followed by Chinese: a hair space ends it. */
  addresses: 'spaced'
  images: 'rendered'
  /** `[^1]`: the number in brackets. */
  footnotes: 'brackets'
  /** `<b>` and other formatting: its Markdown, or the text alone. */
  html: 'Markdown'
  /** Tags that format nothing and have no attributes, such as `<token>`. */
  otherTags: 'rendered' | '&lt;'
  /** `<sub>` and `<sup>`: the characters of Unicode. */
  scripts: 'Unicode'
  /** `&nbsp;`: the character. */
  entities: 'characters'
  inlineMath: 'code'
  displayMath: 'rendered' | 'code'
  /** What stands between `<think>` and `</think>`: folded away, shown as a quotation by the plugin, or left out. */
  thoughts: 'rendered' | 'quotation' | 'removed'
}

/** What the dialects have in common. */
export const commonDialect = {
  headings: 'rendered',
  emphasis: 'rendered',
  emphasisBesideChinese: 'spaced',
  strikethrough: 'rendered',
  code: 'rendered',
  quotes: 'rendered',
  lists: 'rendered',
  nestedLists: 'indented',
  tasks: 'boxes',
  rules: 'rendered',
  cellBreaks: 'semicolons',
  links: 'rendered',
  linkTargets: 'encoded',
  localLinks: 'text',
  addresses: 'spaced',
  images: 'rendered',
  footnotes: 'brackets',
  html: 'Markdown',
  scripts: 'Unicode',
  entities: 'characters',
  inlineMath: 'code',
} as const satisfies Partial<Dialect>

/** HTML that models write into Markdown. */
export interface HtmlTag {
  /** In lower case; `!--` is a comment. */
  name: string
  isClosing: boolean
  /** The attributes, as written. */
  attributes: string
  end: number
}

const tag = /<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>/iy
const slash = /<([a-z][a-z0-9]*)\s*\/>/iy

/** The tag that begins at an offset. */
export function readTag(text: string, offset: number): HtmlTag | undefined {
  for (const pattern of [tag, slash]) {
    pattern.lastIndex = offset
    const found = pattern.exec(text)
    if (!found) continue
    const [whole, first, name = first, attributes = ''] = found
    return { name: name.toLowerCase(), isClosing: pattern === tag && first === '/', attributes, end: offset + whole.length }
  }
}

const formatting = new Set([
  '!--', 'a', 'abbr', 'b', 'big', 'blockquote', 'br', 'center', 'cite', 'code', 'dd', 'del', 'details', 'div', 'dl', 'dt',
  'em', 'font', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'img', 'ins', 'kbd', 'li', 'mark', 'ol', 'p', 'q', 's', 'samp',
  'small', 'span', 'strike', 'strong', 'sub', 'summary', 'sup', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'tt', 'u', 'ul',
  'var',
])

/** Whether a tag formats its content. Others are words in angle brackets, such as `<token>`, and stay as they are. */
export function isFormatting({ name }: HtmlTag): boolean {
  return formatting.has(name)
}

/** The value of an attribute, such as `href`. */
export function attribute({ attributes }: HtmlTag, name: string): string | undefined {
  const [, double, single, bare] = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(attributes) ?? []
  return double ?? single ?? bare
}

const entities: Record<string, string> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: '\u00a0', ensp: '\u2002', emsp: '\u2003', thinsp: '\u2009',
  copy: '©', reg: '®', trade: '™', hellip: '…', mdash: '—', ndash: '–', middot: '·', bull: '•', sect: '§', para: '¶',
  ldquo: '“', rdquo: '”', lsquo: '‘', rsquo: '’', laquo: '«', raquo: '»', times: '×', divide: '÷', plusmn: '±',
  minus: '−', deg: '°', permil: '‰', le: '≤', ge: '≥', ne: '≠', asymp: '≈', infin: '∞', radic: '√', sum: '∑',
  larr: '←', rarr: '→', uarr: '↑', darr: '↓', harr: '↔', rArr: '⇒', yen: '¥', euro: '€', pound: '£', cent: '¢',
  alpha: 'α', beta: 'β', gamma: 'γ', delta: 'δ', Delta: 'Δ', lambda: 'λ', mu: 'μ', micro: 'µ', pi: 'π', sigma: 'σ',
  omega: 'ω', Omega: 'Ω', sup2: '²', sup3: '³', frac12: '½', check: '✓',
}

const entity = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z][a-z\d]{1,9}));/iy

/** The character reference that begins at an offset. @see https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references */
export function readEntity(text: string, offset: number): { text: string, end: number } | undefined {
  entity.lastIndex = offset
  const [whole, decimal, hex, name] = entity.exec(text) ?? []
  if (!whole) return
  const code = decimal ? Number(decimal) : hex ? parseInt(hex, 16) : undefined
  const isValid = code !== undefined && code > 31 && code < 0x110000 && (code & 0xfff800) !== 0xd800
  const named = code === undefined && Object.hasOwn(entities, name) && entities[name]
  const character = named || (isValid && String.fromCodePoint(code))
  return character ? { text: character, end: offset + whole.length } : undefined
}

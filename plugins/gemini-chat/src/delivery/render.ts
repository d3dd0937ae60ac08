import { h } from 'koishi'
import { toElements } from './markdown-to-elements'
import type { Dialect } from './markdown-to-elements'

/** What rendering needs to know of a bot. An adapter that takes raw Markdown says so with `markdown`. */
export interface Reader {
  platform?: string
  markdown?: boolean
}

/** How an answer is written: as Markdown, as elements, as the few elements that most encoders know, or as text. */
export const formats = ['markdown', 'elements', 'plain', 'text'] as const

export interface RenderOptions {
  /** By platform. */
  formats?: Record<string, typeof formats[number]>
}

const standard: Dialect = { rich: true }

/** Platforms whose stock encoder drops the elements it does not know, with all that is in them. */
const dialects: Record<string, Dialect> = {
  // It encodes the address of a link once more.
  dingtalk: { href: decode },
  line: { bare: true },
  slack: {},
  'wechat-official': { bare: true },
  zulip: {},
}

function decode(href: string) {
  try {
    return decodeURI(href)
  } catch {
    return href
  }
}

/**
 * Turns what a model wrote into what a bot can send. It is the only way from one to the other: text handed to Koishi as
 * a string is parsed as markup, and `<execute>` in it would run commands in the name of whoever asked.
 */
export function render(markdown: string, bot: Reader, options: RenderOptions = {}): h[] {
  const platform = bot.platform ?? ''
  const format = options.formats?.[platform] ?? (bot.markdown === true ? 'markdown' : undefined)
  if (format === 'markdown') return [h('markdown', h.text(markdown))]
  return toElements(markdown, dialectOf(platform, format))
}

function dialectOf(platform: string, format?: typeof formats[number]): Dialect {
  const own = dialects[platform]
  if (!format) return own ?? standard
  return { href: own?.href, rich: format === 'elements', bare: format === 'text' }
}

import { h } from 'koishi'
import { type Dialect, toElements } from './element'

/** What rendering needs to know of a bot. An adapter that takes raw Markdown says so with `markdown`. */
export interface Reader {
  platform?: string
  markdown?: boolean
}

const standard: Dialect = { rich: true }

/** Platforms whose stock encoder drops the elements it does not know, with all that is in them. */
const dialects: Record<string, Dialect> = {
  // It encodes the address of a link once more.
  dingtalk: { rich: false, href: decode },
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
export function render(markdown: string, bot: Reader): h[] {
  if (bot.markdown === true) return [h('markdown', h.text(markdown))]
  return toElements(markdown, dialects[bot.platform ?? ''] ?? standard)
}

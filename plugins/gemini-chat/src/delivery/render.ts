import { h } from 'koishi'
import { toElements } from './markdown-to-elements'
import type { Dialect } from './markdown-to-elements'
import { traitsOf } from './platforms'
import type { TextState } from './types'

/** What rendering needs of a bot. Adapters that take raw Markdown set `markdown`. */
export interface Reader {
  platform?: string
  markdown?: boolean
}

/** How answers are written: raw Markdown, elements, the few elements that most encoders can send, or text. */
export const formats = ['markdown', 'elements', 'plain', 'text'] as const

export interface RenderOptions {
  /** By platform. */
  formats?: Record<string, typeof formats[number]>
  /** Only bots that take raw Markdown get it. */
  state?: TextState
}

const standard: Dialect = { rich: true }

/**
 * Turns Markdown of the model into elements for a bot. Nothing else may send model output: a string would be parsed as
 * markup, and `<execute>` in it would run commands in the name of the user.
 */
export function render(markdown: string, bot: Reader, { formats, state }: RenderOptions = {}): h[] {
  const format = formats?.[bot.platform ?? ''] ?? (bot.markdown === true ? 'markdown' : undefined)
  if (format === 'markdown') return [h('markdown', state ? { state } : {}, h.text(markdown))]
  return toElements(markdown, dialectOf(bot.platform, format))
}

function dialectOf(platform: string | undefined, format?: typeof formats[number]): Dialect {
  const { dialect } = traitsOf(platform)
  if (!format) return dialect ?? standard
  return { href: dialect?.href, rich: format === 'elements', bare: format === 'text' }
}

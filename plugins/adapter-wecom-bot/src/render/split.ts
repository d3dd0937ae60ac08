import { cut as cutPage, heal, pageText, pages, reopen, resume as resumeText } from 'common/markdown'
import type { BlockScanner, Page } from 'common/markdown'

/** Headers and languages longer than this part of a message are not repeated. */
const HEADER_SHARE = 1 / 8

/**
 * Cuts a text in two.
 * @param limit most bytes of UTF-8 that the head may have; at least 256
 * @returns head and rest; both are complete Markdown, the rest is empty where all of the text fits
 */
export function cut(text: string, limit: number): [head: string, rest: string] {
  if (Buffer.byteLength(text) <= limit) return [text, '']
  const page = cutPage(text, 0, limit, { headerShare: HEADER_SHARE })
  return [pageText(text, page).trimEnd(), resume(text, page.end)]
}

/** The rest of a text from a place on, as complete Markdown. */
export function resume(text: string, offset: number): string {
  const rest = resumeText(text, offset)
  return reopen(text, offset).fence ? rest : rest.trimStart()
}

/** Cuts a text into messages of at most `limit` bytes. Blank ones are left out. */
export function pieces(text: string, limit: number): string[] {
  const trimmed = (page: Page) => page.prefix || page.fence ? pageText(text, page) : pageText(text, page).trimStart()
  return [...pages(text, limit, { headerShare: HEADER_SHARE })].map(page => trimmed(page).trimEnd()).filter(Boolean)
}

/**
 * Completes a text that is still growing: open code and an open thought are closed, half a character is left out.
 * @param scanner pass the same one for all states of the text
 */
export function complete(text: string, scanner?: BlockScanner): string {
  const isHalf = (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800
  return heal(isHalf ? text.slice(0, -1) : text, scanner)
}

/**
 * Cutting Markdown to the platform's limits, which count bytes, where a reader is hurt least: no half character, no
 * open code fence, no table without its header.
 */

import { CLOSING, close, openFence, outdent } from './code-fence'

/** Most bytes of what closes a thought. */
const THOUGHT_CLOSING = '\n</think>'.length

const graphemes = new Intl.Segmenter()

/** Preferred places to cut, best first. */
const boundaries = [/\n\s*\n/g, /\n/g, /[。！？；]|[.!?;](?=\s)/g, /[，、,]|\s/g]

/**
 * Cuts a text in two.
 * @param limit most bytes of UTF-8 that the head may have; at least 256
 * @returns head and rest; both are complete Markdown, the rest is empty where all of the text fits
 */
export function cut(text: string, limit: number): [head: string, rest: string] {
  if (Buffer.byteLength(text) <= limit) return [text, '']
  let at = place(text, limit)
  const head = text.slice(0, at).trimEnd()
  // What is open needs room to be closed; cutting earlier may leave it altogether, for something else that is open.
  if (complete(head) !== head) at = place(text, limit - CLOSING - THOUGHT_CLOSING)
  return [complete(text.slice(0, at).trimEnd()), resume(text, at, limit / 8)]
}

/**
 * The rest of a text from a place on, as complete Markdown: an open fence or thought is opened again, a table gets its
 * header.
 * @param most bytes such a repetition may have; it must stay small beside the limit, or the rest never gets shorter
 */
export function resume(text: string, at: number, most = 512): string {
  const head = text.slice(0, at)
  const rest = text.slice(at)
  const repeat = (line: string, instead: string) => Buffer.byteLength(line) <= most ? line : instead
  const fence = openFence(head)
  const next = rest.replace(fence ? /^\n/ : /^\s*\n/, '')
  const body = outdent(next, head.endsWith('\n') || next !== rest, fence)
  const thought = isThinking(head) && body.trim() ? '<think>\n' : ''
  if (!fence) return thought + repeat(tableHeader(head.trimEnd(), body), '') + body.trimStart()
  const { prefix, mark, info } = fence
  return `${thought}${repeat((prefix.trim() && prefix) + mark + info, mark)}\n${body}`
}

/** Cuts a text into pieces of at most `limit` bytes. */
export function pieces(text: string, limit: number): string[] {
  const result: string[] = []
  for (let rest = text; rest;) {
    const [head, next] = cut(rest, limit)
    if (head) result.push(head)
    rest = next
  }
  return result
}

/** Completes a text that is still growing: an open code fence or thought is closed, half a character left out. */
export function complete(text: string): string {
  if (/[\ud800-\udbff]$/.test(text)) text = text.slice(0, -1)
  const fence = openFence(text)
  if (fence) text = close(text.trimEnd(), fence)
  if (isThinking(text)) text += fence ? '\n</think>' : '</think>'
  return text
}

/** Whether a thought is open where a text ends. It begins a line; elsewhere, the text speaks of the tag. */
function isThinking(text: string) {
  const at = text.lastIndexOf('<think>')
  return at > text.lastIndexOf('</think>') && (!at || text[at - 1] === '\n') && !openFence(text.slice(0, at))
}

function place(text: string, limit: number): number {
  const most = prefix(text, limit)
  const least = most / 2
  for (const boundary of boundaries) {
    let at = 0
    for (const match of text.slice(0, most).matchAll(boundary)) at = match.index + match[0].length
    if (at > least) return beforeTable(text, at)
  }
  const start = Math.max(0, most - 64)
  const segment = graphemes.segment(text.slice(start, most + 64)).containing(most - start)
  return segment && start + segment.index > 0 ? start + segment.index : most
}

/** Length in UTF-16 units of the longest beginning of at most `limit` bytes that ends on a whole character. */
function prefix(text: string, limit: number): number {
  const bytes = Buffer.from(text.slice(0, limit + 1))
  let end = Math.min(limit, bytes.length)
  while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end).length
}

/** A header row must not stay behind without the rows it is for. */
function beforeTable(text: string, at: number): number {
  const lines = text.slice(0, at).trimEnd().split('\n')
  const [next = ''] = text.slice(at).trimStart().split('\n', 1)
  const last = lines[lines.length - 1]
  if (!isRow(last)) return at
  const kept = isSeparator(last) ? lines.slice(0, -2) : isSeparator(next) ? lines.slice(0, -1) : lines
  const start = kept.join('\n').length
  return kept.length < lines.length && start > 0 ? start : at
}

function tableHeader(head: string, rest: string): string {
  if (!isRow(rest.trimStart().split('\n', 1)[0])) return ''
  const lines = head.split('\n')
  let first = lines.length
  while (first > 0 && isRow(lines[first - 1])) first--
  if (!isSeparator(lines[first + 1] ?? '')) return ''
  return `${lines[first]}\n${lines[first + 1]}\n`
}

function isRow(line: string) {
  return /^\s*\|/.test(line)
}

function isSeparator(line: string) {
  return /^\s*\|(?:\s*:?-+:?\s*\|)+\s*$/.test(line)
}

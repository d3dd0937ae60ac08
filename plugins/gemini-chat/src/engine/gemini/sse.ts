/**
 * Server-sent events, read as generously as they are written in the wild: relays and proxies mix line ends, add
 * comments and event names, leave out spaces and the last blank line.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */

export interface ServerEvent {
  /** The `event:` field, where there was one. */
  name?: string
  /** The `data:` lines, joined by line feeds. */
  data: string
}

/** Takes the bytes of a body as they come, gives the events they complete. `[DONE]` is the end: no event follows it. */
export interface SseParser {
  push(bytes: Uint8Array): ServerEvent[]
  /** The body is over: gives the event that was left without its blank line. */
  end(): ServerEvent[]
}

/** Longest event taken; an image of many megabytes travels as one. */
export const MAX_EVENT_CHARS = 64 << 20

/**
 * Linear in the number of bytes, however they are cut: each chunk is scanned once, and an unfinished line is kept as
 * the pieces it came in.
 * @throws {RangeError} from `push` when one event is longer than `limit`
 */
export function createSseParser(limit = MAX_EVENT_CHARS): SseParser {
  const decoder = new TextDecoder()
  let pieces: string[] = []
  let lines: string[] = []
  let name: string | undefined
  let size = 0
  let afterReturn = false
  let done = false

  function dispatch(events: ServerEvent[]) {
    const data = lines.join('\n')
    if (data.trim() === '[DONE]') done = true
    else if (data.trim()) events.push(name === undefined ? { data } : { name, data })
    lines = []
    name = undefined
    size = 0
  }

  function endLine(last: string, events: ServerEvent[]) {
    const line = pieces.length ? pieces.join('') + last : last
    pieces = []
    if (!line) return dispatch(events)
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    if (field !== 'data' && field !== 'event') return
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') lines.push(value)
    else name = value
  }

  function scan(text: string) {
    const events: ServerEvent[] = []
    const lineEnd = /\r\n?|\n/g
    // The line feed of a CRLF that was cut in two ends nothing: its carriage return already did.
    let start = afterReturn && text[0] === '\n' ? 1 : 0
    if (text) afterReturn = text.endsWith('\r')
    lineEnd.lastIndex = start
    for (let match = lineEnd.exec(text); match && !done; match = lineEnd.exec(text)) {
      size += match.index - start
      endLine(text.slice(start, match.index), events)
      start = lineEnd.lastIndex
    }
    if (done) return events
    if (start < text.length) pieces.push(text.slice(start))
    size += text.length - start
    if (size > limit) throw new RangeError(`an event is longer than ${limit} characters`)
    return events
  }

  return {
    push: bytes => done ? [] : scan(decoder.decode(bytes, { stream: true })),
    end() {
      if (done) return []
      const events = scan(decoder.decode())
      if (pieces.length) endLine('', events)
      dispatch(events)
      return events
    },
  }
}

/**
 * Writes JSON as exactly one event on one line. Line breaks between JSON tokens become spaces; U+2028 and U+2029, legal
 * inside JSON strings but line ends to a regular expression's dot, are escaped.
 */
export function formatEvent(json: string): string {
  const line = /[\n\r\u2028\u2029]/.test(json)
    ? json.replace(/[\n\r]+/g, ' ').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    : json
  return `data: ${line}\r\n\r\n`
}

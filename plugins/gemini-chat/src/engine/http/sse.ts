/**
 * Server-sent events, parsed leniently: relays and proxies mix line ends, add comments and event names, and omit spaces
 * and the last blank line.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */

export interface ServerEvent {
  /** The `event:` field, if there is one. */
  name?: string
  /** The `data:` lines, joined by line feeds. */
  data: string
}

/** Turns the bytes of a body into events. Ignores everything after a `[DONE]`. */
export interface SseParser {
  /** @returns the events that these bytes complete */
  push(bytes: Uint8Array): ServerEvent[]
  /** Ends the body. @returns the last event, if its blank line was missing */
  end(): ServerEvent[]
  /** A `[DONE]` has come: what follows is ignored. */
  readonly isOver?: boolean
}

/** An image of many megabytes is a single event. */
export const MAX_EVENT_CHARS = 64 << 20

/**
 * Creates a parser that takes time linear in the number of bytes, however they are split: each chunk is scanned once,
 * and an unfinished line is kept in pieces.
 * @param limit characters of one event
 * @param readForeign takes a line that is no field of an event. @returns the events it completes
 * @throws {RangeError} from `push`, if an event is longer than `limit`
 */
export function createSseParser(
  limit = MAX_EVENT_CHARS, readForeign: (line: string) => ServerEvent[] = () => [],
): SseParser {
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
    if (field !== 'data' && field !== 'event') return void events.push(...readForeign(line))
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') lines.push(value)
    else name = value
  }

  function scan(text: string) {
    const events: ServerEvent[] = []
    const lineEnd = /\r\n?|\n/g
    // Of a CRLF split in two, the carriage return has already ended the line.
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
    get isOver() {
      return done
    },
  }
}

/**
 * Formats JSON as one event on one line. Line breaks between JSON tokens become spaces. U+2028 and U+2029 are escaped:
 * they are valid in JSON strings, but the SDK's regular expression takes them for line ends.
 */
export function formatEvent(json: string): string {
  const line = /[\n\r\u2028\u2029]/.test(json)
    ? json.replace(/[\n\r]+/g, ' ').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    : json
  return `data: ${line}\r\n\r\n`
}

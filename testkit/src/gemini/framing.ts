/** How the events of a stream are written down. Google's own way unless told; the rest is what relays do to it. */
export interface Framing {
  /** Line ending, `\r\n`. */
  newline?: string
  /** The space after `data:`, true. */
  space?: boolean
  /** A comment before each event, e.g. `keepalive`. */
  comment?: string
  /** The `event:` field of each event. */
  event?: string
  /** Each line of indented JSON as its own `data:` line. */
  multiline?: boolean
  /** A last `data: [DONE]`. */
  done?: boolean
  /** The blank line after the last event, true. */
  terminated?: boolean
  /** Cuts the bytes into pieces of this size, each in its own packet, so that characters are torn. */
  split?: number
}

/**
 * Writes events as server-sent events, one string per event, and one more for `[DONE]`.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function encodeEvents(events: object[], framing: Framing = {}): string[] {
  const { newline = '\r\n', space = true, comment, event, multiline, done, terminated = true } = framing
  const field = `data:${space ? ' ' : ''}`
  const data = events.map(item => multiline ? JSON.stringify(item, null, 1).split('\n') : [JSON.stringify(item)])
  if (done) data.push(['[DONE]'])
  return data.map((lines, index) => [
    ...comment === undefined ? [] : [`: ${comment}`, ''],
    ...event === undefined ? [] : [`event: ${event}`],
    ...lines.map(line => field + line),
    ...terminated || index < data.length - 1 ? ['', ''] : [],
  ].join(newline))
}

/** Cuts bytes into pieces of at most `size`. */
export function splitBytes(text: string, size = Infinity): Buffer[] {
  const bytes = Buffer.from(text)
  if (bytes.length <= size) return [bytes]
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => {
    return bytes.subarray(index * size, (index + 1) * size)
  })
}

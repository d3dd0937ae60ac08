/** How the events of a stream are encoded. The defaults are Google's; relays vary them. */
export interface Framing {
  /** Line ending, `\r\n` by default. */
  newline?: string
  /** Whether a space follows `data:`, true by default. */
  space?: boolean
  /** A comment before each event, e.g. `keepalive`. */
  comment?: string
  /** The `event:` field of each event. */
  event?: string
  /** Indents the JSON, with one `data:` line per line. */
  multiline?: boolean
  /** Appends `data: [DONE]`. */
  done?: boolean
  /** Whether a blank line follows the last event, true by default. */
  terminated?: boolean
  /** Sends packets of at most this many bytes, which splits multi-byte characters. */
  split?: number
}

/**
 * Encodes server-sent events.
 * @returns one string per event, and one for `[DONE]`
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

/** Splits a text into chunks of at most `size` bytes. */
export function splitBytes(text: string, size = Infinity): Buffer[] {
  const bytes = Buffer.from(text)
  if (bytes.length <= size) return [bytes]
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => {
    return bytes.subarray(index * size, (index + 1) * size)
  })
}

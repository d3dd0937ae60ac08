import { createJsonParser } from './json-values'
import { createSseParser } from './sse'
import type { ServerEvent, SseParser } from './sse'

/** Characters of a body that is none of ours that are kept, to say what it is. */
const MAX_FOREIGN_CHARS = 1 << 16

/** A body that is neither an event stream nor JSON, such as the page of a gateway. */
export class ForeignBodyError extends Error {
  /** @param text the body, cut off after 64 KB */
  constructor(readonly text: string) {
    super('the body is neither an event stream nor JSON')
  }
}

/**
 * Turns the bytes of a body into events. What the body is, is told from its first characters, because relays send JSON
 * as an event stream, event streams as JSON, and pages as either.
 * @throws {ForeignBodyError} from `end`, if the body is something else
 * @throws {RangeError} from `push`, if an event is too long
 */
export function createBodyParser(): SseParser {
  let reader: SseParser | undefined
  let held: Uint8Array[] = []

  function choose(isEnd: boolean): SseParser | undefined {
    const text = Buffer.concat(held).toString().replace(/^\ufeff/, '').trimStart()
    if (/^[{[]/.test(text)) return createJsonParser()
    if (/^(:|(data|event|id|retry)\b)/.test(text)) return createEventParser()
    // Fewer characters than a field name has may still become one.
    if (text.length < 'event:'.length && !isEnd) return
    return text ? createForeignParser() : createEventParser()
  }

  function feed(isEnd: boolean): ServerEvent[] {
    reader ??= choose(isEnd)
    if (!reader) return []
    const events = held.flatMap(bytes => reader!.push(bytes))
    held = []
    return events
  }

  return {
    push(bytes) {
      held.push(bytes)
      return feed(false)
    },
    end() {
      const events = feed(true)
      return [...events, ...reader!.end()]
    },
    get isOver() {
      return reader?.isOver ?? false
    },
  }
}

/** An event stream, in which an error may stand as bare JSON between the events. */
function createEventParser(): SseParser {
  const bare = createJsonParser()
  const events = createSseParser(undefined, line => /^[\s"{}[\],]/.test(line) ? bare.push(Buffer.from(`${line}\n`)) : [])
  return {
    push: bytes => events.push(bytes),
    end: () => [...events.end(), ...bare.end()],
    get isOver() {
      return events.isOver
    },
  }
}

function createForeignParser(): SseParser {
  const chunks: Uint8Array[] = []
  let size = 0
  return {
    push(bytes) {
      if (size < MAX_FOREIGN_CHARS) chunks.push(bytes)
      size += bytes.length
      return []
    },
    end() {
      throw new ForeignBodyError(Buffer.concat(chunks).toString('utf8', 0, MAX_FOREIGN_CHARS))
    },
  }
}

import type { SseParser } from './sse'
import { MAX_EVENT_CHARS } from './sse'

/**
 * Turns a body of JSON values into events, one for each object: objects in lines or one after the other, and the items
 * of arrays, which is how Google answers without `alt=sse`. What stands between them is ignored.
 *
 * Takes time linear in the number of bytes, however they are split.
 * @param limit characters of one object
 * @throws {RangeError} from `push`, if an object is longer than `limit`
 */
export function createJsonParser(limit = MAX_EVENT_CHARS): SseParser {
  const decoder = new TextDecoder()
  /** Pieces of the object that is being read. */
  let pieces: string[] = []
  let size = 0
  let depth = 0
  let isInString = false
  let isEscaped = false

  function scan(text: string) {
    const events: { data: string }[] = []
    let start = 0
    for (let index = 0; index < text.length; index++) {
      const character = text[index]
      if (isEscaped) isEscaped = false
      else if (isInString) {
        if (character === '"') isInString = false
        else if (character === '\\') isEscaped = true
      } else if (character === '{') {
        if (depth++ === 0) start = index
      } else if (!depth) continue
      else if (character === '"') isInString = true
      else if (character === '}' && --depth === 0) {
        events.push({ data: pieces.join('') + text.slice(start, index + 1) })
        pieces = []
        size = 0
      }
    }
    if (!depth) return events
    pieces.push(text.slice(start))
    size += text.length - start
    if (size > limit) throw new RangeError(`a JSON object is longer than ${limit} characters`)
    return events
  }

  return {
    push: bytes => scan(decoder.decode(bytes, { stream: true })),
    end() {
      const events = scan(decoder.decode())
      // An object that breaks off is an event that is not JSON.
      return depth ? [...events, { data: pieces.join('') }] : events
    },
  }
}

import { setImmediate } from 'node:timers/promises'
import { SaxesParser } from 'saxes'
import { MediaError } from '../error'

export type XmlAttributes = Readonly<Record<string, string>>

/** Receives the content of an XML document. Names come without their prefixes, attributes with and without them. */
export interface XmlReader {
  open?(name: string, attributes: XmlAttributes): void
  close?(name: string): void
  text?(text: string): void
}

/** Bytes that are parsed before other work gets its turn. */
const SLICE_BYTES = 1 << 16

/**
 * Reads an XML document. Entities that it defines itself are not expanded.
 * @throws {MediaError} if it is not well-formed
 */
export async function readXml(data: Uint8Array, reader: XmlReader): Promise<void> {
  const parser = new SaxesParser()
  parser.on('opentag', ({ name, attributes }) => {
    const bare = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [local(key), value]))
    reader.open?.(local(name), { ...bare, ...attributes })
  })
  parser.on('closetag', ({ name }) => reader.close?.(local(name)))
  parser.on('text', text => reader.text?.(text))
  const decoder = new TextDecoder()
  try {
    for (let start = 0; start < data.length; start += SLICE_BYTES) {
      parser.write(decoder.decode(data.subarray(start, start + SLICE_BYTES), { stream: true }))
      await setImmediate()
    }
    parser.write(decoder.decode()).close()
  } catch (error) {
    if (error instanceof MediaError) throw error
    throw new MediaError('type', 'a part of the document is not well-formed')
  }
}

function local(name: string) {
  return name.slice(name.indexOf(':') + 1)
}

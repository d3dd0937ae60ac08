import { setImmediate } from 'node:timers/promises'
import { Unzip, UnzipInflate } from 'fflate'
import { MediaError } from '../error'

/** Bytes that the parts of a document may have unpacked, together. */
const MAX_UNPACKED_BYTES = 32 << 20

/** Parts of one document. */
const MAX_PARTS = 2000

/** Packed bytes that are unpacked at a time: at most about a thousand times as many come of them. */
const SLICE_BYTES = 1024

/** After so many packed or unpacked bytes, other work gets its turn. */
const BYTES_PER_TURN = 1 << 18

/**
 * Unpacks parts of a ZIP archive. The sizes it states are not believed, so that a small file cannot fill the memory.
 * @param isWanted says by its name whether a part is needed
 * @throws {MediaError} if the archive is broken or too large
 */
export async function unpack(data: Buffer, isWanted: (name: string) => boolean): Promise<Map<string, Buffer>> {
  const parts = new Map<string, Uint8Array[]>()
  let size = 0
  const archive = new Unzip((file) => {
    if (!isWanted(file.name)) return
    if (parts.size >= MAX_PARTS) throw new MediaError('size', `the document has more than ${MAX_PARTS} parts`)
    const chunks: Uint8Array[] = []
    parts.set(file.name, chunks)
    file.ondata = (error, chunk) => {
      if (error) throw error
      size += chunk.length
      if (size > MAX_UNPACKED_BYTES) throw new MediaError('size', `the document unpacks to more than ${MAX_UNPACKED_BYTES} bytes`)
      chunks.push(chunk)
    }
    file.start()
  })
  archive.register(UnzipInflate)
  try {
    let pausedAt = 0
    for (let start = 0; start < data.length; start += SLICE_BYTES) {
      archive.push(data.subarray(start, start + SLICE_BYTES), start + SLICE_BYTES >= data.length)
      if (size + start - pausedAt < BYTES_PER_TURN) continue
      pausedAt = size + start
      await setImmediate()
    }
  } catch (error) {
    throw error instanceof MediaError ? error : new MediaError('type', 'the document is a broken archive')
  }
  return new Map([...parts].map(([name, chunks]) => [name, Buffer.concat(chunks)]))
}

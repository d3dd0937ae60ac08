import { Readable } from 'node:stream'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'

type Bytes = AsyncIterable<Uint8Array>

/** The first two bytes of gzip, and of zlib at its usual levels. */
const GZIP = 0x1f8b
const ZLIB = [0x7801, 0x785e, 0x789c, 0x78da]

/**
 * The bytes of a response as its server meant them. Requests ask for `identity`, but some gateways compress all the
 * same, and some do not say so.
 */
export async function* decodedBody({ body, headers }: Response): AsyncGenerator<Uint8Array> {
  if (!body) return
  const [start, bytes] = await peek(body as unknown as Bytes)
  const decompress = decompressorFor(start, headers.get('content-encoding') ?? '')
  if (!decompress) return yield* bytes
  const source = Readable.from(bytes, { objectMode: false })
  source.once('error', error => decompress.destroy(error))
  try {
    yield* source.pipe(decompress) as Bytes
  } finally {
    source.destroy()
    decompress.destroy()
  }
}

const options = { chunkSize: 1 << 16 }

/** @returns the decompressor a body needs; its bytes decide, because headers are often left over or missing */
function decompressorFor(start: Buffer, encoding: string): Transform | undefined {
  const mark = start.length < 2 ? 0 : start.readUInt16BE()
  if (mark === GZIP) return createGunzip(options)
  if (ZLIB.includes(mark)) return createInflate(options)
  if (isText(start)) return
  if (/\bbr\b/i.test(encoding)) return createBrotliDecompress(options)
  if (/\bdeflate\b/i.test(encoding)) return createInflateRaw(options)
}

/** Whether a body begins like an event stream, JSON or a page, and so is not compressed. */
function isText(start: Buffer) {
  return /^(\s|\xef\xbb|[{[<:]|da|ev|id|re)/.test(start.toString('latin1'))
}

/** The first two bytes of a body, and the whole body. */
async function peek(body: Bytes): Promise<[Buffer, Bytes]> {
  const iterator = body[Symbol.asyncIterator]()
  const held: Uint8Array[] = []
  let start = Buffer.alloc(0)
  while (start.length < 2) {
    const { value, done } = await iterator.next()
    if (done) break
    held.push(value)
    start = Buffer.concat([start, value])
  }
  async function* whole() {
    try {
      yield* held
      yield* { [Symbol.asyncIterator]: () => iterator }
    } finally {
      await iterator.return?.()
    }
  }
  return [start, whole()]
}

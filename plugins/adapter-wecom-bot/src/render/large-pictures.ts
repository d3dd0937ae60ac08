import { detectFileType } from 'common/files'
import { h } from 'koishi'
import { MAX_INLINE_IMAGE_BYTES } from '../protocol/limits'

/** Bytes that tell the type of a file; base64 in groups of four characters. */
const HEAD_CHARS = 64

/** Separates pictures that a bubble cannot show, by their size or type, from everything else. */
export function separateLargePictures(elements: h[]): { rest: h[], pictures: h[] } {
  const pictures: h[] = []
  const rest = (elements: h[]): h[] => elements.flatMap((element) => {
    if (isLarge(element)) {
      pictures.push(element)
      return []
    }
    const { type, attrs, children } = element
    return children.length ? [h(type, attrs, rest(children))] : [element]
  })
  return { rest: rest(elements), pictures }
}

function isLarge({ type, attrs }: h): boolean {
  if (type !== 'img' && type !== 'image') return false
  const src = String(attrs.src ?? attrs.url ?? '')
  const [prefix] = /^data:image\/[\w.+-]+;base64,/.exec(src) ?? []
  if (!prefix) return false
  const bytes = (src.length - prefix.length) * 3 / 4
  const head = Buffer.from(src.slice(prefix.length, prefix.length + HEAD_CHARS), 'base64')
  return bytes > MAX_INLINE_IMAGE_BYTES || !/^image\/(?:png|jpeg)$/.test(detectFileType(head) ?? '')
}

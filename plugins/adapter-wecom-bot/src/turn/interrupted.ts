import { MAX_STREAM_BYTES } from '../protocol/limits'
import { cut } from '../render/split'

/**
 * What a bubble shows that its process cannot go on with: the text so far, and a notice.
 * @param content that it showed last
 * @param placeholder content of a bubble before the first message, which is left out
 */
export function interrupted(content: string, placeholder: string, notice: string): string {
  const text = content === placeholder ? '' : content
  const [head] = cut(text, MAX_STREAM_BYTES - Buffer.byteLength(notice) - 2)
  return [head, notice].filter(Boolean).join('\n\n')
}

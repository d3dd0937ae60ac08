/** An image inside a finished stream. */
export interface InlineImage {
  base64: string
  /** Of the raw bytes, in hex. */
  md5: string
}

/** The bubble as it stands: each frame replaces the one before. */
export interface Frame {
  /** Markdown, at most 20,480 bytes. */
  content: string
  /** Ends the polling; nothing can be changed afterwards. */
  finish: boolean
  /** With `finish` only. */
  images?: InlineImage[]
}

/** Most bytes of a stream's content, and of a Markdown message through `response_url`. */
export const MARKDOWN_LIMIT = 20480

/**
 * The body of a passive reply that opens, continues or ends a stream.
 * @see https://developer.work.weixin.qq.com/document/path/101031
 */
export function streamReply(id: string, { content, finish, images }: Frame, card?: object): object {
  const stream = {
    id,
    finish,
    content,
    msg_item: images?.length ? images.map(image => ({ msgtype: 'image', image })) : undefined,
  }
  if (!card) return { msgtype: 'stream', stream }
  return { msgtype: 'stream_with_template_card', stream, template_card: card }
}

import { cut, pageText } from 'common/markdown'
import type { DingtalkApi } from '../api/api'
import { MAX_MESSAGE_PARAM_BYTES } from '../api/limits'
import type { Chat } from '../api/stock-bot'
import { titleOf, toMessage } from '../render/markdown'

const PAGE_BYTES = MAX_MESSAGE_PARAM_BYTES - 500

/** Pages are not made smaller than this, whatever JSON makes of them. */
const MIN_PAGE_BYTES = 1000

/** Sends Markdown messages to one chat. */
export class MarkdownSender {
  constructor(private readonly api: DingtalkApi, private readonly chat: Chat) {}

  /**
   * Sends the part of a text that follows `start`, in as many messages as it takes. Blank parts are not sent.
   * @param text Markdown
   * @returns the keys by which the messages can be recalled
   * @throws {DingtalkError}
   */
  async send(text: string, start = 0): Promise<string[]> {
    const title = titleOf(text)
    const keys: string[] = []
    while (start < text.length) {
      const { end, param } = nextMessage(text, start, title)
      if (param) keys.push(await this.api.sendMarkdown(this.chat, param))
      start = end
    }
    return keys
  }
}

/** One message. JSON, and lists in place of tables, may take more bytes than the source: pages shrink to fit. */
function nextMessage(text: string, start: number, title: string): { end: number, param?: string } {
  for (let limit = PAGE_BYTES; ; limit = Math.floor(limit * 0.7)) {
    const page = cut(text, start, limit)
    const body = toMessage(pageText(text, page)).trim()
    const param = JSON.stringify({ title, text: body })
    if (Buffer.byteLength(param) <= PAGE_BYTES || limit < MIN_PAGE_BYTES) {
      return { end: page.end, param: body ? param : undefined }
    }
  }
}

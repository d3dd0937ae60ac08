import type { Delivery } from '../../../gemini-chat/src/delivery/target'
import { cut, pageText } from '../../../gemini-chat/src/delivery/split'
import type { Api } from '../api/api'
import type { Place } from '../api/stock-bot'
import { titleOf, toMessage } from '../render/markdown'

/** Bytes of `msgParam`, of 15,000 allowed. */
const LIMIT = 14_500

/** The whole answer as messages, when it is complete. */
export class MarkdownDelivery implements Delivery {
  constructor(private readonly api: Api, private readonly place: Place) {}

  update() {}

  async finish(text: string) {
    await this.send(text)
  }

  /**
   * Sends what comes after `start`, in as many messages as it takes.
   * @throws {Refusal}
   */
  async send(text: string, start = 0) {
    const title = titleOf(text)
    while (start < text.length) {
      const { end, param } = page(text, start, title)
      if (param) await this.api.send(this.place, param)
      start = end
    }
  }
}

/** One message. What it becomes on the way (JSON, lists for tables) may take more room than what was written. */
function page(text: string, start: number, title: string): { end: number, param?: string } {
  for (let limit = LIMIT; ; limit = Math.floor(limit * 0.7)) {
    const part = cut(text, start, limit)
    const body = toMessage(pageText(text, part)).trim()
    const param = JSON.stringify({ title, text: body })
    if (Buffer.byteLength(param) <= LIMIT || limit < 1000) return { end: part.end, param: body ? param : undefined }
  }
}

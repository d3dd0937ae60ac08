import type { Content, EndReason, EngineEvent, Part, TokenUsage } from '../engine/types'
import { appendPart } from '../conversation/turn'

/** A reply as it grows: what people see of it, and what goes into the history. */
export class Reply {
  /** What people see. */
  text = ''
  usage?: TokenUsage
  /** How the model ended the answer; missing when it was interrupted. */
  reason?: EndReason
  readonly content: Content = { role: 'model', parts: [] as Part[] }

  /** @returns whether there is something new to see */
  take(event: EngineEvent): boolean {
    switch (event.type) {
      case 'text':
        this.text += this.text ? event.text : event.text.trimStart()
        return this.text !== ''
      case 'part':
        appendPart(this.content.parts, event.part)
        break
      case 'usage':
        this.usage = event.usage
        break
      case 'end':
        this.reason = event.reason
    }
    return false
  }

  /** The answer stopped at its token limit. */
  get isTruncated() {
    return this.reason === 'length'
  }
}

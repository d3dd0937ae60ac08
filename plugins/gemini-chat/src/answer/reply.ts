import { appendPart } from '../conversation/turn'
import type { Content, EndReason, EngineEvent, Part, TokenUsage } from '../engine/types'

/** An answer as it is streamed: its visible text, and its parts for the history. */
export class Reply {
  /** The visible text, without thoughts and sources. */
  text = ''
  usage?: TokenUsage
  /** How the model ended the answer; missing when it was interrupted. */
  reason?: EndReason
  /** What interrupted the answer: an `EngineError`, or what a listener threw. */
  error?: unknown
  readonly content: Content = { role: 'model', parts: [] as Part[] }

  /** @returns whether there is new text to show */
  take(event: EngineEvent): boolean {
    switch (event.type) {
      case 'text':
        this.text += this.text ? event.text : event.text.trimStart()
        return this.text !== ''
      case 'part':
        appendPart(this.content.parts, event.part)
        return false
      case 'usage':
        this.usage = event.usage
        return false
      case 'end':
        this.reason = event.reason
        return false
      case 'thought': case 'sources':
        return false
      default:
        return event satisfies never
    }
  }

  /** The answer stopped at its token limit. */
  get isTruncated() {
    return this.reason === 'length'
  }
}

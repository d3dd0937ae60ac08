import { appendPart } from '../conversation/turn'
import type { Content, EndReason, EngineEvent, FileData, Part, TokenUsage } from '../engine/types'

/** A picture of an answer: one that the model drew, or the chart of a program it ran. */
export type Picture = FileData

/** Stands in the history for a picture, whose bytes would travel with every later question. */
const PICTURE_PLACEHOLDER = '[image]'

/** An answer as it is streamed: its visible text, its pictures, and its parts for the history. */
export class Reply {
  /** The visible text, without thoughts and sources. */
  text = ''
  usage?: TokenUsage
  /** How the model ended the answer; missing when it was interrupted. */
  reason?: EndReason
  /** What interrupted the answer: an `EngineError`, or what a listener threw. */
  error?: unknown
  readonly content: Content = { role: 'model', parts: [] as Part[] }
  readonly pictures: Picture[] = []
  /** Names of the tools that the model wanted to call. */
  readonly calls: string[] = []

  /** @returns whether there is new text to show */
  take(event: EngineEvent): boolean {
    switch (event.type) {
      case 'text':
        this.text += this.text ? event.text : event.text.trimStart()
        return this.text !== ''
      case 'part':
        this.takePart(event.part)
        return false
      case 'retract':
        this.text = ''
        this.content.parts.length = 0
        return true
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

  /** Whether there is something to show. */
  get isSome(): boolean {
    return this.text !== '' || this.pictures.length > 0
  }

  /** Calls are not kept: without a result, the model refuses them in the next request. */
  private takePart(part: Part) {
    const { file, toolCall } = part
    if (toolCall) return void this.calls.push(toolCall.name)
    if (!file) return appendPart(this.content.parts, part)
    this.pictures.push(file)
    appendPart(this.content.parts, { text: PICTURE_PLACEHOLDER })
  }

  /** The answer stopped at its token limit. */
  get isTruncated() {
    return this.reason === 'length'
  }
}

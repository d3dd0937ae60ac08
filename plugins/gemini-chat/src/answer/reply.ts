import { appendPart } from '../conversation/turn'
import type { Content, EndReason, FileData, Part, TokenUsage } from '../engine/types'
import type { RoundEvent } from '../tools/rounds'

/** A picture of an answer: one that the model drew, or the chart of a program it ran. */
export type Picture = FileData

/** Stands in the history for a picture, whose bytes would travel with every later question. */
const PICTURE_PLACEHOLDER = '[image]'

/** An answer as it is streamed: its visible text, its pictures, and its messages for the history. */
export class Reply {
  /** The visible text, without thoughts and sources. */
  text = ''
  usage?: TokenUsage
  /** How the model ended the answer; missing when it was interrupted. */
  reason?: EndReason
  /** What interrupted the answer: an `EngineError`, or what a listener threw. */
  error?: unknown
  readonly pictures: Picture[] = []
  /** Names of the tools that the model wanted to call, and that have not been run. */
  readonly calls: string[] = []
  /** The rounds that ended with results of tools: what the model wrote, with its calls, and the results. */
  private readonly earlier: Content[] = []
  private parts: Part[] = []
  /** Where in the text the round begins. */
  private start = 0

  /** @returns whether there is new text to show */
  take(event: RoundEvent): boolean {
    switch (event.type) {
      case 'text':
        this.text += this.text.length > this.start ? event.text : this.separated(event.text)
        return this.text !== ''
      case 'part':
        this.takePart(event.part)
        return false
      case 'retract':
        this.text = this.text.slice(0, this.start)
        this.parts.length = 0
        return true
      case 'usage':
        this.usage = event.usage
        return false
      case 'end':
        this.reason = event.reason
        return false
      case 'results':
        this.beginRound(event.content)
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

  /** Whether tools were run for the answer. */
  get hasResults(): boolean {
    return this.earlier.length > 0
  }

  /** How often tools were run, those of one round together. */
  get rounds(): number {
    return this.earlier.length / 2
  }

  /** The messages of the answer. Calls without results are left out: models refuse them in the next request. */
  get contents(): Content[] {
    const { content, earlier } = this
    return content.parts.length || !earlier.length ? [...earlier, content] : earlier
  }

  /** The last message of the answer. */
  get content(): Content {
    return { role: 'model', parts: this.parts.filter(({ toolCall }) => !toolCall) }
  }

  private beginRound(results: Content) {
    this.earlier.push({ role: 'model', parts: this.parts }, results)
    this.parts = []
    this.calls.length = 0
    this.start = this.text.length
  }

  /** The first text of a round. */
  private separated(text: string): string {
    const first = text.trimStart()
    return first && this.text ? `\n\n${first}` : first
  }

  private takePart(part: Part) {
    const { file, toolCall } = part
    if (toolCall) this.calls.push(toolCall.name)
    if (!file) return appendPart(this.parts, part)
    this.pictures.push(file)
    appendPart(this.parts, { text: PICTURE_PLACEHOLDER })
  }

  /** The answer stopped at its token limit. */
  get isTruncated() {
    return this.reason === 'length'
  }
}

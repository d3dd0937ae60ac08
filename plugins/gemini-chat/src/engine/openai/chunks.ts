import { EngineError } from '../error'
import { ThinkTags } from '../think-tags'
import type { ThinkPiece } from '../think-tags'
import type { EndReason, EngineEvent } from '../types'
import { finishOf } from './finish-reason'
import { readContent } from './read-content'
import type { WireDelta } from './read-content'
import { readUsage } from './read-usage'
import type { WireUsage } from './read-usage'
import { ToolCallAssembler } from './tool-calls'

/**
 * One event of the stream, or a whole answer (`message` in place of `delta`), as far as it is read. Any field may be
 * missing or null.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export interface CompletionChunk {
  choices?: WireChoice[] | null
  usage?: WireUsage | null
}

interface WireChoice {
  delta?: WireDelta | null
  message?: WireDelta | null
  /** Old completions, which some services send here. */
  text?: string | null
  finish_reason?: unknown
  /** Token counts, where some services put them. */
  usage?: WireUsage | null
}

/** Turns the chunks of one answer into events. Only the first choice counts; no more are requested. */
export class CompletionReader {
  private finishReason?: string
  /** Content followed a finish reason, so that further ones say nothing about the end. */
  private hasContinued = false
  private hasText = false
  /** The text so far, while it may still turn out to be thoughts. */
  private text = ''
  private thoughts = ''
  private readonly thinkTags = new ThinkTags()
  private readonly calls = new ToolCallAssembler()

  /** The events of a chunk, in order. */
  read({ choices, usage }: CompletionChunk): EngineEvent[] {
    const [choice] = Array.isArray(choices) ? choices : []
    const delta = choice?.delta ?? choice?.message ?? {}
    const { text, thought } = readContent(choice?.text ? { ...delta, content: choice.text } : delta)
    const events = [
      ...thought ? this.toEvents({ type: 'thought', text: thought }) : [],
      ...text ? this.thinkTags.split(text).flatMap(piece => this.toEvents(piece)) : [],
    ]
    const hasCalls = this.calls.take(delta)
    const counts = readUsage(usage ?? choice?.usage)
    if (counts) events.push({ type: 'usage', usage: counts })
    if ((text || thought || hasCalls) && this.finishReason !== undefined) this.hasContinued = true
    const reason = choice?.finish_reason
    if (typeof reason === 'string' && reason && reason !== 'null') this.finishReason = reason.toLowerCase()
    return events
  }

  /** Whether the answer may be over: a stream that stays open after this is waited for briefly. */
  get isOver(): boolean {
    return this.finishReason !== undefined && !this.hasContinued
  }

  /**
   * The last events: held text, calls and the end.
   * @throws {EngineError} `blocked` if a filter stopped the answer, `server` if the service broke off, `empty` without
   * content
   */
  * end(): Generator<EngineEvent> {
    for (const piece of this.thinkTags.end()) yield* this.toEvents(piece)
    const calls = this.calls.end()
    // Some services want the thoughts back with the calls they led to.
    if (calls.length && this.thoughts) yield { type: 'part', part: { text: this.thoughts, thought: true } }
    for (const part of calls) yield { type: 'part', part }
    const { finishReason: detail = 'none' } = this
    const finish = finishOf(detail)
    if (finish === 'filter') {
      throw new EngineError('blocked', `the answer was stopped: ${detail}`, { reason: 'answer', detail })
    }
    if (finish === 'failure') throw new EngineError('server', `the service broke the answer off: ${detail}`, { detail })
    if (!this.hasText && !calls.length) {
      const reason = finish === 'length' ? finish : undefined
      throw new EngineError('empty', `the answer is empty: ${detail}`, { reason, detail })
    }
    const reason: EndReason = calls.length && finish !== 'length' ? 'tools' : finish
    yield { type: 'end', reason, detail }
  }

  private toEvents({ type, text }: ThinkPiece): EngineEvent[] {
    switch (type) {
      case 'thought':
        this.thoughts += text
        return [{ type: 'thought', text }]
      case 'text':
        this.hasText ||= text.trim() !== ''
        this.text += text
        return [{ type: 'part', part: { text } }, { type: 'text', text }]
      case 'retract':
        this.thoughts += this.text
        this.text = ''
        this.hasText = false
        return [{ type: 'retract' }]
      default:
        return type satisfies never
    }
  }
}

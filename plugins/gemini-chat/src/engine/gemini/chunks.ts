import { EngineError, redact } from '../error'
import type { EngineEvent, Part, Usage } from '../types'

/**
 * One event of the stream, as far as it is read.
 * https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
 */
export interface Chunk {
  candidates?: {
    content?: { parts?: Part[] }
    finishReason?: string
    finishMessage?: string
    groundingMetadata?: object
  }[]
  promptFeedback?: { blockReason?: string, blockReasonMessage?: string }
  usageMetadata?: Usage
}

/** Reasons that mean a filter stepped in. OTHER and the rest say that the model failed. */
const FILTERS = new Set([
  'SAFETY', 'RECITATION', 'LANGUAGE', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII',
  'IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION',
])

const UNSPECIFIED = 'FINISH_REASON_UNSPECIFIED'

/** Reads one answer, chunk by chunk. Only the first candidate counts: no more are asked for. */
export class ChunkReader {
  /** The wire's `finishReason`, once it came: what follows is a courtesy. */
  reason?: string
  private block?: string
  private hasContent = false
  private message = ''

  /** What a chunk says, in order. Never throws: what was said before a filter stepped in was said. */
  read(chunk: Chunk): EngineEvent[] {
    const events: EngineEvent[] = []
    const [candidate] = chunk.candidates ?? []
    for (const part of candidate?.content?.parts ?? []) {
      events.push({ type: 'part', part })
      const text = part.text || codeBlock(part)
      if (text) events.push({ type: part.thought ? 'thought' : 'text', text })
      this.hasContent ||= isVisible(part)
    }
    if (candidate?.groundingMetadata) events.push({ type: 'grounding', metadata: candidate.groundingMetadata })
    if (chunk.usageMetadata) events.push({ type: 'usage', usage: chunk.usageMetadata })
    this.reason = candidate?.finishReason ?? this.reason
    this.block = chunk.promptFeedback?.blockReason ?? this.block
    this.message = candidate?.finishMessage ?? chunk.promptFeedback?.blockReasonMessage ?? this.message
    return events
  }

  /**
   * The stream is over.
   * @throws {EngineError} `blocked` when a filter stopped the prompt or the answer, `empty` when nothing was said
   */
  end(): EngineEvent {
    const { reason = UNSPECIFIED } = this
    if (this.block) {
      throw new EngineError('blocked', this.withDetail(`the prompt was blocked: ${this.block}`), { block: this.block })
    }
    if (FILTERS.has(reason)) {
      throw new EngineError('blocked', this.withDetail(`the answer was stopped: ${reason}`), { reason })
    }
    if (!this.hasContent) {
      throw new EngineError('empty', this.withDetail(`the model said nothing: ${reason}`), { reason })
    }
    return { type: 'end', reason }
  }

  private withDetail(text: string) {
    return this.message ? `${text}, ${redact(this.message)}` : text
  }
}

/** Whether a part is something to show: text that is not blank, an image, a call. */
function isVisible({ text, thought, thoughtSignature: _, ...rest }: Part) {
  return !thought && (!!text?.trim() || Object.keys(rest).length > 0)
}

/**
 * A program the model ran at Google's, or what it printed, as Markdown.
 * https://ai.google.dev/api/caching#CodeExecutionResult
 */
function codeBlock({ executableCode, codeExecutionResult }: Part): string | undefined {
  const { code, language } = (executableCode ?? {}) as { code?: string, language?: string }
  const { output } = (codeExecutionResult ?? {}) as { output?: string }
  const body = code ?? output
  if (typeof body !== 'string' || !body.trim()) return
  const longest = Math.max(2, ...body.match(/`+/g)?.map(run => run.length) ?? [])
  const mark = '`'.repeat(longest + 1)
  const info = code === undefined ? '' : String(language ?? '').toLowerCase().replace(/\W/g, '')
  return `\n\n${mark}${info}\n${body.replace(/\n+$/, '')}\n${mark}\n\n`
}

import { EngineError, redact } from '../error'
import type { EndReason, EngineEvent, Part, TokenUsage } from '../types'
import { readGrounding } from './grounding'
import type { GroundingMetadata } from './grounding'

/**
 * One event of the stream, as far as it is read.
 * @see https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
 */
export interface Chunk {
  candidates?: {
    content?: { parts?: Part[] }
    finishReason?: string
    finishMessage?: string
    groundingMetadata?: GroundingMetadata
  }[]
  promptFeedback?: { blockReason?: string, blockReasonMessage?: string }
  usageMetadata?: UsageMetadata
}

/** @see https://ai.google.dev/api/generate-content#UsageMetadata */
export interface UsageMetadata {
  promptTokenCount?: number
  promptTokensDetails?: { modality?: string, tokenCount?: number }[]
  candidatesTokenCount?: number
  thoughtsTokenCount?: number
  toolUsePromptTokenCount?: number
  cachedContentTokenCount?: number
  totalTokenCount?: number
}

/** Finish reasons that mean that a filter stepped in. `OTHER` and the rest say that the model failed. */
const FILTERS = new Set([
  'SAFETY', 'RECITATION', 'LANGUAGE', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII',
  'IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION',
])

/** Finish reasons at the token limit; Gemini 4 says CONTINUATION. */
const LENGTH_LIMITS = new Set(['MAX_TOKENS', 'CONTINUATION'])

const UNSPECIFIED = 'FINISH_REASON_UNSPECIFIED'

/** Turns the chunks of one answer into events. Only the first candidate counts; no more are requested. */
export class ChunkReader {
  /** Google's `finishReason`. Once it is known the answer is complete, and what follows can only add token counts. */
  finishReason?: string
  private blockReason?: string
  private hasContent = false
  private message = ''

  /** The events of a chunk, in order. Never throws: text that came before a filter stepped in is delivered. */
  read(chunk: Chunk): EngineEvent[] {
    const events: EngineEvent[] = []
    const [candidate] = chunk.candidates ?? []
    for (const part of candidate?.content?.parts ?? []) {
      events.push({ type: 'part', part })
      const text = part.text || codeBlock(part)
      if (text) events.push({ type: part.thought ? 'thought' : 'text', text })
      this.hasContent ||= isVisible(part)
    }
    if (candidate?.groundingMetadata) events.push({ type: 'sources', ...readGrounding(candidate.groundingMetadata) })
    if (chunk.usageMetadata) events.push({ type: 'usage', usage: readUsage(chunk.usageMetadata) })
    this.finishReason = candidate?.finishReason ?? this.finishReason
    this.blockReason = chunk.promptFeedback?.blockReason ?? this.blockReason
    this.message = candidate?.finishMessage ?? chunk.promptFeedback?.blockReasonMessage ?? this.message
    return events
  }

  /**
   * The event that ends the stream.
   * @throws {EngineError} `blocked` when a filter stopped the prompt or the answer, `empty` when there is no content
   */
  end(): EngineEvent {
    const { blockReason, finishReason: detail = UNSPECIFIED } = this
    if (blockReason) throw this.failure('blocked', 'the prompt was blocked', 'prompt', blockReason)
    if (FILTERS.has(detail)) throw this.failure('blocked', 'the answer was stopped', 'answer', detail)
    const reason = endReason(detail)
    if (!this.hasContent) {
      throw this.failure('empty', 'the answer is empty', reason === 'length' ? reason : undefined, detail)
    }
    return { type: 'end', reason, detail }
  }

  private failure(
    kind: 'blocked' | 'empty', what: string, reason: 'prompt' | 'answer' | 'length' | undefined, detail: string,
  ) {
    const message = [`${what}: ${detail}`, redact(this.message)].filter(Boolean).join(', ')
    return new EngineError(kind, message, { reason, detail })
  }
}

function endReason(finishReason: string): EndReason {
  if (finishReason === 'STOP') return 'stop'
  return LENGTH_LIMITS.has(finishReason) ? 'length' : 'other'
}

function readUsage(usage: UsageMetadata): TokenUsage {
  const files = usage.promptTokensDetails?.filter(({ modality }) => modality && modality !== 'TEXT')
  const counts: TokenUsage = {
    inputTokens: usage.promptTokenCount,
    fileTokens: files?.reduce((sum, { tokenCount = 0 }) => sum + tokenCount, 0),
    toolTokens: usage.toolUsePromptTokenCount,
    outputTokens: usage.candidatesTokenCount,
    thinkingTokens: usage.thoughtsTokenCount,
    cachedTokens: usage.cachedContentTokenCount,
    totalTokens: usage.totalTokenCount,
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined))
}

/** Whether a part holds something to show: text that is not blank, an image, a call. */
function isVisible({ text, thought, thoughtSignature: _, ...rest }: Part) {
  return !thought && (!!text?.trim() || Object.keys(rest).length > 0)
}

/**
 * A program that the model ran on Google's side, or its output, as a Markdown code block.
 * @see https://ai.google.dev/api/caching#CodeExecutionResult
 */
function codeBlock({ executableCode, codeExecutionResult }: Part): string | undefined {
  const { code, language } = (executableCode ?? {}) as { code?: string, language?: string }
  const { output } = (codeExecutionResult ?? {}) as { output?: string }
  const body = code ?? output
  if (typeof body !== 'string' || !body.trim()) return
  const longestRun = Math.max(2, ...body.match(/`+/g)?.map(run => run.length) ?? [])
  const fence = '`'.repeat(longestRun + 1)
  const info = code === undefined ? '' : String(language ?? '').toLowerCase().replace(/\W/g, '')
  return `\n\n${fence}${info}\n${body.replace(/\n+$/, '')}\n${fence}\n\n`
}

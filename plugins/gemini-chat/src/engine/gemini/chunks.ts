import { EngineError, redact } from '../error'
import type { EndReason, EngineEvent, TokenUsage } from '../types'
import { readFinishReason } from './finish-reason'
import { ThinkTags, toEvents } from '../think-tags'
import { decodePart } from './parts'
import type { WirePart } from './parts'
import { readGrounding } from './grounding'
import type { GroundingMetadata } from './grounding'

/**
 * One event of the stream, as far as it is read.
 * @see https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
 */
export interface Chunk {
  candidates?: {
    content?: { parts?: WirePart[] }
    finishReason?: unknown
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
  'IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION', 'CONTENT_FILTER',
])

/** Finish reasons at the token limit; Gemini 4 says CONTINUATION. */
const LENGTH_LIMITS = new Set(['MAX_TOKENS', 'CONTINUATION', 'LENGTH'])

/** Fields of parts that tools leave. */
const TOOL_FIELDS = ['executableCode', 'codeExecutionResult', 'functionCall', 'toolCall', 'toolResponse']

const UNSPECIFIED = 'FINISH_REASON_UNSPECIFIED'

/** Turns the chunks of one answer into events. Only the first candidate counts; no more are requested. */
export class ChunkReader {
  /**
   * The last `finishReason`, unless content followed it: Google sends intermediate ones in rounds with tools, and some
   * relays put `STOP` on every chunk. The answer is over when the stream is.
   */
  finishReason?: string
  /** Content followed a finish reason, so that further ones say nothing about the end. */
  private hasContinued = false
  /** There was content before the chunk with the finish reason. */
  private hasBegun = false
  /** The model ran something, and may go on after a finish reason. */
  private usesTools = false
  /** The newest finish reason came with token counts, as that of the last chunk does. */
  private isCounted = false
  private blockReason?: string
  private hasContent = false
  private message = ''
  /** The model waits for the results of calls. */
  private hasCalls = false
  private readonly thinkTags = new ThinkTags()

  /** The events of a chunk, in order. Never throws: text that came before a filter stepped in is delivered. */
  read(chunk: Chunk): EngineEvent[] {
    const events: EngineEvent[] = []
    const [candidate] = chunk.candidates ?? []
    const parts = candidate?.content?.parts ?? []
    for (const part of parts) {
      events.push(...this.readPart(part))
      this.hasContent ||= isVisible(part)
      this.usesTools ||= TOOL_FIELDS.some(field => field in part)
      this.hasCalls ||= !!part.functionCall
    }
    if (candidate?.groundingMetadata) events.push({ type: 'sources', ...readGrounding(candidate.groundingMetadata) })
    if (chunk.usageMetadata) events.push({ type: 'usage', usage: readUsage(chunk.usageMetadata) })
    this.readEnd(chunk, parts.some(part => part.text?.trim() || isVisible(part)))
    return events
  }

  /**
   * Whether the answer may be over: a stream that stays open after this is waited for briefly. Relays that end every
   * chunk, and tools that still run, are waited for as long as any answer.
   */
  get canBeOver(): boolean {
    return this.finishReason !== undefined && !this.hasContinued && this.hasBegun && this.isCounted && !this.usesTools
  }

  /** Whether silence after the last chunk is the end of a stream that was not closed. */
  get isOver(): boolean {
    return this.finishReason !== undefined && !this.hasContinued
  }

  /** The events of text that was held back, because it could have become a tag. */
  rest(): EngineEvent[] {
    return this.thinkTags.end().flatMap(piece => toEvents(piece))
  }

  private readPart(wire: WirePart): EngineEvent[] {
    const part = decodePart(wire)
    const { text } = part
    const report: EngineEvent[] = [{ type: 'part', part }]
    if (!text) return report
    if (part.thought) return [...report, { type: 'thought', text }]
    const pieces = wire.text ? this.thinkTags.split(text) : []
    const [first] = pieces
    const isUnmarked = pieces.length === 1 && first.type === 'text' && first.text === text
    if (!wire.text || isUnmarked) return [...report, { type: 'text', text }]
    const { text: _, ...rest } = part
    return [...pieces.flatMap(piece => toEvents(piece)), ...Object.keys(rest).length ? [{ type: 'part' as const, part: rest }] : []]
  }

  private readEnd({ candidates: [candidate] = [], promptFeedback, usageMetadata }: Chunk, hasParts: boolean) {
    const reason = readFinishReason(candidate?.finishReason)
    if (hasParts && this.finishReason !== undefined) this.hasContinued = true
    if (hasParts || reason !== undefined) this.finishReason = reason
    if (reason === undefined) this.hasBegun ||= hasParts
    this.isCounted = usageMetadata !== undefined || (this.isCounted && !hasParts)
    this.blockReason = promptFeedback?.blockReason ?? this.blockReason
    this.message = candidate?.finishMessage ?? promptFeedback?.blockReasonMessage ?? this.message
  }

  /**
   * The event that ends the stream.
   * @throws {EngineError} `blocked` when a filter stopped the prompt or the answer, `empty` when there is no content
   */
  end(): Extract<EngineEvent, { type: 'end' }> {
    const { blockReason, finishReason: detail = UNSPECIFIED } = this
    if (blockReason) throw this.failure('blocked', 'the prompt was blocked', 'prompt', blockReason)
    if (FILTERS.has(detail)) throw this.failure('blocked', 'the answer was stopped', 'answer', detail)
    const waits = this.hasCalls && (detail === 'STOP' || detail === UNSPECIFIED)
    const reason = waits ? 'tools' : endReason(detail)
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
function isVisible({ text, thought, thoughtSignature: _, ...rest }: WirePart) {
  return !thought && (!!text?.trim() || Object.keys(rest).length > 0)
}

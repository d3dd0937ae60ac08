import { withoutUnpairedTools } from '../tool-pairs'
import type { Content } from '../types'
import { modelVersion } from './generation-config'
import { encodePart } from './parts'
import type { WirePart } from './parts'

/** @see https://ai.google.dev/api/caching#Content */
export interface WireContent {
  role: 'user' | 'model'
  parts: WirePart[]
}

/**
 * In place of the signature of a call that Gemini has not written, or whose signature it refused.
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
 */
const NO_SIGNATURE = 'skip_thought_signature_validator'

/** From this version on, calls of the current turn need signatures. */
const SIGNED_CALLS_VERSION = 3

export interface EncodeOptions {
  /** Model id. */
  model: string
  /** Remove signatures, which are refused after some changes of model or key. */
  portable?: boolean
}

/**
 * The messages of a request. Summaries of thoughts are left out: the API does not take them back, and they cost tokens.
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures
 */
export function encodeContents(contents: Content[], { model, portable }: EncodeOptions): WireContent[] {
  const paired = withoutUnpairedTools(contents)
  const turn = paired.findLastIndex(({ role }) => role === 'user')
  const wire: WireContent[] = []
  for (const [index, { role, parts }] of paired.entries()) {
    const encoded = parts.flatMap(part => encodePart(part) ?? [])
    const kept = (portable ? encoded.flatMap(withoutSignature) : encoded).flatMap(withoutThought)
    if (!kept.length) continue
    const needsSignature = role === 'model' && index > turn && modelVersion(model) >= SIGNED_CALLS_VERSION
    const signed = needsSignature ? withSignedCall(kept) : kept
    // Results of calls in parallel belong into one message.
    if (role === 'tool' && paired[index - 1]?.role === 'tool') wire.at(-1)!.parts.push(...signed)
    else wire.push({ role: role === 'model' ? 'model' : 'user', parts: signed })
  }
  return wire
}

function withoutSignature({ thoughtSignature: _, ...part }: WirePart): WirePart[] {
  return Object.keys(part).length ? [part] : []
}

/** Removes the summary of a thought; its signature stays. */
function withoutThought(part: WirePart): WirePart[] {
  if (!part.thought) return [part]
  return part.thoughtSignature ? [{ text: '', thoughtSignature: part.thoughtSignature }] : []
}

/** Of calls in parallel, only the first is signed. */
function withSignedCall(parts: WirePart[]): WirePart[] {
  const first = parts.findIndex(({ functionCall }) => functionCall)
  if (first < 0 || parts[first].thoughtSignature) return parts
  return parts.with(first, { ...parts[first], thoughtSignature: NO_SIGNATURE })
}

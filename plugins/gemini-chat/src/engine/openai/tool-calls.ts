import { randomUUID } from 'node:crypto'
import { EngineError } from '../error'
import type { JsonObject, Part } from '../types'

/** A piece of a call. Services leave out any field, and some send a whole call in one piece. */
export interface WireCallDelta {
  index?: number | null
  id?: string | null
  type?: string
  function?: { name?: string | null, arguments?: unknown } | null
  /** Fields such as `extra_content`, which go back with the call. */
  [field: string]: unknown
}

interface Assembled {
  index?: number
  id: string
  name: string
  arguments: string
  fields: JsonObject
}

/** More calls in one answer than any model has reason to make. */
const MAX_CALLS = 128

/** Puts calls of tools together from the pieces of a stream. */
export class ToolCallAssembler {
  private readonly calls: Assembled[] = []

  /**
   * Takes what a chunk adds.
   * @returns whether it had anything of a call
   * @throws {EngineError} `protocol` if there are too many calls
   */
  take({ tool_calls: pieces, function_call: only }: { tool_calls?: unknown, function_call?: unknown }): boolean {
    const list = Array.isArray(pieces) ? pieces as (WireCallDelta | null)[] : []
    for (const piece of list) if (piece) this.takePiece(piece)
    if (only && !list.length) this.takePiece({ index: 0, function: only as WireCallDelta['function'] })
    return list.length > 0 || !!only
  }

  /** The whole calls, in the order in which they began. Pieces without a name are dropped. */
  end(): Part[] {
    return this.calls.filter(({ name }) => name).map(({ id, name, arguments: text, fields }) => ({
      toolCall: { id: id || `call_${randomUUID()}`, name, ...parseArguments(text) },
      ...Object.keys(fields).length && { native: { engine: 'openai' as const, fields } },
    }))
  }

  private takePiece({ index, id, type: _, function: called, ...fields }: WireCallDelta) {
    const { name, arguments: written } = called ?? {}
    const call = this.find(index ?? undefined, id ?? '', name ?? '')
    call.id ||= id ?? ''
    // Some services repeat the name in each piece.
    call.name ||= name ?? ''
    if (typeof written === 'string') call.arguments += written
    else if (written && typeof written === 'object') call.arguments = JSON.stringify(written)
    Object.assign(call.fields, fields)
  }

  /** The call that a piece goes on with, or a new one: some services give all calls the same index, or none. */
  private find(index: number | undefined, id: string, name: string): Assembled {
    const known = index === undefined ? this.calls.at(-1) : this.calls.findLast(call => call.index === index)
    const isOther = !!id && !!known?.id && known.id !== id
    const beginsAgain = index === undefined && !!name && (!id || known?.id !== id)
    if (known && !isOther && !beginsAgain) return known
    if (this.calls.length >= MAX_CALLS) throw new EngineError('protocol', `the answer calls more than ${MAX_CALLS} tools`)
    const call = { index, id, name, arguments: '', fields: {} }
    this.calls.push(call)
    return call
  }
}

function parseArguments(text: string): { arguments: JsonObject, malformed?: string } {
  if (!text.trim()) return { arguments: {} }
  try {
    const value: unknown = JSON.parse(text)
    if (value && typeof value === 'object' && !Array.isArray(value)) return { arguments: value as JsonObject }
  } catch {}
  return { arguments: {}, malformed: text }
}

import { withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import { checkArguments } from './arguments'
import { failureText, resultText, textOfResult } from './result'
import type { ToolFailure, ToolOutcome } from './result'
import type { Tool } from './tool'

/** How a person answered whether a tool may do something. */
export type Confirmation = 'confirmed' | 'declined' | 'unanswered' | 'unconfirmable' | 'too-long'

/** A call as the model made it. */
export interface RequestedCall {
  name: string
  args: unknown
}

/** Most characters of an error that the model is told. */
const MAX_ERROR_CHARS = 500

/** Calls of one round that are run; further ones are refused. */
export const MAX_CALLS_PER_ROUND = 8

export interface CallOptions<Caller> {
  caller: Caller
  /** The tools that were offered to the model, by name: no other one can be called. */
  tools: ReadonlyMap<string, Tool<Caller>>
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>
  signal: AbortSignal
  /** Most characters of a result. */
  resultChars: number
  /** Whether the person may still use the tool, asked right before it runs. */
  isAllowed(tool: Tool<Caller>): Promise<boolean>
  /** Asks the person whether the tool may run. */
  confirm(tool: Tool<Caller>, args: Record<string, unknown>, signal: AbortSignal): Promise<Confirmation>
  /** Called before a tool runs, once it is allowed and confirmed. */
  onStart?(tool: Tool<Caller>): void
  /** Called when a call has ended, also one that did not run; `started` is the tool if it did. */
  onEnd?(call: RequestedCall, failure: ToolFailure | undefined, error?: unknown, started?: Tool<Caller>): void
}

/** Runs the calls of one round at the same time. Never rejects: every call gets an outcome, in their order. */
export function runCalls<Caller>(
  calls: readonly RequestedCall[], options: CallOptions<Caller>,
): Promise<ToolOutcome[]> {
  return Promise.all(calls.map((call, index) => runCall(call, options, index >= MAX_CALLS_PER_ROUND)))
}

async function runCall<Caller>(
  call: RequestedCall, options: CallOptions<Caller>, isTooMany: boolean,
): Promise<ToolOutcome> {
  const { signal, tools, onStart, onEnd, isAllowed } = options
  const { name } = call
  const state: { started?: Tool<Caller> } = {}
  const fail = (failure: ToolFailure, detail?: string, error?: unknown): ToolOutcome => {
    onEnd?.(call, failure, error, state.started)
    return { text: failureText(shownName(name), failure, detail), failure }
  }
  if (isTooMany) return fail('too-many')
  const tool = tools.get(name)
  if (!tool || !await isAllowed(tool).catch(() => false)) return fail('unknown')
  const checked = checkArguments(tool, call.args)
  if ('problem' in checked) return fail('arguments', checked.problem)
  if (tool.confirm && !signal.aborted) {
    const answer = await options.confirm(tool, checked.args, signal).catch(() => 'unconfirmable' as const)
    if (!signal.aborted && answer !== 'confirmed') return fail(answer)
  }
  if (signal.aborted) return fail('stopped')
  state.started = tool
  onStart?.(tool)
  try {
    const text = await runWithin(tool, checked.args, options)
    onEnd?.(call, undefined, undefined, tool)
    return { text: resultText(name, text, options.resultChars) }
  } catch (error) {
    if (error === LATE) return fail('timeout')
    if (signal.aborted) return fail('stopped')
    const message = error instanceof Error ? error.message : String(error)
    return fail('error', message.slice(0, MAX_ERROR_CHARS) || 'it failed without a reason', error)
  }
}

/** The abort reason of a tool that takes too long. */
const LATE = new Error('the tool took too long')

/**
 * Runs a tool until it ends, its time is over or the answer is stopped. One that ignores its signal is left alone, and
 * what it returns is dropped.
 */
async function runWithin<Caller>(
  tool: Tool<Caller>, args: Record<string, unknown>, { caller, clock, signal }: CallOptions<Caller>,
): Promise<string> {
  const controller = new AbortController()
  let stop!: () => void
  const stopped = new Promise<never>((_, reject) => {
    stop = () => {
      controller.abort(signal.reason)
      reject(signal.reason)
    }
  })
  signal.addEventListener('abort', stop, { once: true })
  const running = (async () => textOfResult(await tool.run(args, { caller, signal: controller.signal })))()
  // What a tool throws after it was given up is of no interest.
  running.catch(() => {})
  stopped.catch(() => {})
  try {
    return await withTimeout(Promise.race([running, stopped]), tool.timeoutMs, clock, () => {
      controller.abort(LATE)
      throw LATE
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** The name of a tool that may not exist, as the model wrote it. */
function shownName(name: string) {
  return String(name).replace(/[^\w.-]/g, '?').slice(0, 64)
}

import type { Awaitable, Schema, Session } from 'koishi'
import { ToolError } from '../tools/error'
import { isSchemaNode, schemaToJson } from '../tools/schema-to-json'
import type { JsonSchema, Tool, ToolText } from '../tools/tool'

/** A tool as another plugin registers it. */
export interface ToolOptions<Args = Record<string, unknown>> {
  /** Letters, digits, `_` and `-`, at most 64; unique. */
  name: string
  /** For the model: what the tool does, and when to use it. */
  description: ToolText
  /** For people; the name, if there is none. */
  title?: ToolText
  /** What the tool takes: an object, as a Koishi `Schema` or as a JSON schema. Without it, nothing. */
  parameters?: Schema<unknown, Args> | JsonSchema
  /** The least authority of who may use it; 0 unless given. Without a database all people have 0. */
  authority?: number
  /** The platforms on which it may be used; all unless given. */
  platforms?: string[]
  /** Further conditions for who may use it. */
  allows?(session: Session): Awaitable<boolean>
  /** Ask the person before each call. Set it for tools that change something. */
  confirm?: boolean
  /** Milliseconds; the setting `toolTimeout` unless given. */
  timeout?: number
  /** @returns a text, or a value that becomes JSON. @throws its message is told to the model */
  run(args: Args, context: { session: Session, signal: AbortSignal }): Awaitable<unknown>
}

const NO_PARAMETERS: JsonSchema = { type: 'object', properties: {}, additionalProperties: false }

/**
 * The tool of these options.
 * @throws {ToolError} where they are wrong
 */
export function toTool<Args>(options: ToolOptions<Args>, defaultTimeoutMs: number): Tool<Session> {
  const { name, description, title, platforms, allows, run } = options
  const { parameters = NO_PARAMETERS, authority = 0, confirm = false, timeout = defaultTimeoutMs } = options
  if (!(timeout > 0)) throw new ToolError(`the time limit of the tool ${name} is not a number of milliseconds above 0`)
  const isSchema = isSchemaNode(parameters)
  return {
    name, description, title, platforms, authority, confirm,
    parameters: isSchema ? schemaToJson(parameters) : parameters as JsonSchema,
    convert: isSchema ? args => (parameters as unknown as Schema<unknown, Record<string, unknown>>)(args) : undefined,
    allows: allows && (async session => allows(session)),
    timeoutMs: timeout,
    run: (args, { caller, signal }) => run(args as Args, { session: caller, signal }),
  }
}

import { Validator } from '@cfworker/json-schema'
import type { Schema, SchemaDraft } from '@cfworker/json-schema'
import { ToolError } from './error'
import type { JsonSchema, Tool } from './tool'

/** Most problems that are told to the model. */
const MAX_PROBLEMS = 5

/** Schemas nested deeper are refused: checking them would cost more than calling the tool. */
const MAX_SCHEMA_DEPTH = 32

const MAX_SCHEMA_CHARS = 50_000

/**
 * Refuses schemas that cannot describe the arguments of a tool.
 * @throws {ToolError}
 */
export function assertUsableSchema(name: string, schema: JsonSchema) {
  const fail = (why: string) => new ToolError(`the parameters of the tool ${name} ${why}`)
  if (schema.type !== 'object') throw fail('are not a JSON schema of the type object')
  let text: string
  try {
    text = JSON.stringify(schema)
  } catch {
    throw fail('are not JSON')
  }
  if (text.length > MAX_SCHEMA_CHARS) throw fail(`are longer than ${MAX_SCHEMA_CHARS} characters`)
  if (depthOf(schema) > MAX_SCHEMA_DEPTH) throw fail(`are nested deeper than ${MAX_SCHEMA_DEPTH} levels`)
  if (!referencesIn(schema).every(reference => leadsSomewhere(schema, reference))) throw fail('have a reference that leads nowhere')
  try {
    problemsOf(schema, {})
  } catch {
    throw fail('cannot be used to check a value')
  }
}

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { $ref } = value as { $ref?: unknown }
  return [...typeof $ref === 'string' ? [$ref] : [], ...Object.values(value).flatMap(referencesIn)]
}

/** Whether a reference is one within the schema. Nothing is loaded from elsewhere. */
function leadsSomewhere(schema: JsonSchema, reference: string): boolean {
  if (!reference.startsWith('#/')) return reference.startsWith('#')
  const path = reference.slice(2).split('/').map(step => decodeURIComponent(step).replace(/~1/g, '/').replace(/~0/g, '~'))
  const target = path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], schema)
  return typeof target === 'object' || typeof target === 'boolean'
}

/** Arguments that can be given to the tool, or what is wrong with them. */
export type CheckedArguments = { args: Record<string, unknown> } | { problem: string }

/** Checks the arguments of a call, which the model wrote, against the schema of the tool. Never throws. */
export function checkArguments<Caller>(tool: Tool<Caller>, given: unknown): CheckedArguments {
  if (!isRecord(given)) return { problem: 'the arguments are not a JSON object' }
  try {
    const problems = problemsOf(tool.parameters, given)
    if (problems.length) return { problem: problems.join('; ') }
    const copy = structuredClone(given)
    return { args: tool.convert ? tool.convert(copy) : copy }
  } catch (error) {
    return { problem: error instanceof Error ? error.message.slice(0, 300) : 'the arguments cannot be checked' }
  }
}

function problemsOf(schema: JsonSchema, value: unknown): string[] {
  const { valid, errors } = new Validator(schema as Schema, draftOf(schema), false).validate(value)
  if (valid) return []
  // The error of a group repeats those of its members.
  const precise = errors.filter(({ keyword }) => !['properties', 'items', 'allOf'].includes(keyword))
  const problems = (precise.length ? precise : errors).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)
  return [...new Set(problems)].slice(0, MAX_PROBLEMS).map(problem => problem.slice(0, 200))
}

function draftOf({ $schema }: JsonSchema): SchemaDraft {
  const text = String($schema ?? '')
  if (/draft-0[67]/.test(text)) return '7'
  if (/draft-04/.test(text)) return '4'
  return text.includes('2019-09') ? '2019-09' : '2020-12'
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

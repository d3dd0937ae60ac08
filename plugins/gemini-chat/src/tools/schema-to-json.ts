import type { JsonSchema } from './tool'

/** The parts of a Koishi `Schema` that say what a value looks like. @see https://github.com/shigma/schemastery */
export interface SchemaNode {
  type: string
  meta?: {
    description?: string | Record<string, string>
    default?: unknown
    required?: boolean
    hidden?: boolean
    min?: number
    max?: number
    step?: number
    pattern?: { source: string }
  }
  dict?: Record<string, SchemaNode | undefined>
  list?: readonly SchemaNode[]
  inner?: SchemaNode
  value?: unknown
}

/** Whether a value is a Koishi `Schema`: a function that has its structure as properties. */
export function isSchemaNode(value: unknown): value is SchemaNode {
  return typeof value === 'function' && typeof (value as Partial<SchemaNode>).type === 'string' && 'meta' in value
}

/** The JSON schema of what a Koishi `Schema` takes. Types that JSON lacks become the value they are read from. */
export function schemaToJson(node: SchemaNode): JsonSchema {
  const { description, default: preset, min, max, step, pattern } = node.meta ?? {}
  const text = typeof description === 'string' ? description : description?.[''] ?? Object.values(description ?? {})[0]
  return {
    ...structureOf(node),
    ...text && { description: text },
    ...isPlain(preset) && { default: preset },
    ...node.type === 'number' && { ...min !== undefined && { minimum: min }, ...max !== undefined && { maximum: max } },
    ...node.type === 'number' && step === 1 && { type: 'integer' },
    ...node.type === 'string' && {
      ...min !== undefined && { minLength: min }, ...max !== undefined && { maxLength: max },
      ...pattern && { pattern: pattern.source },
    },
    ...node.type === 'array' && {
      ...min !== undefined && { minItems: min }, ...max !== undefined && { maxItems: max },
    },
  }
}

function structureOf(node: SchemaNode): JsonSchema {
  const { type, dict = {}, list = [], inner, value } = node
  switch (type) {
    case 'string': case 'number': case 'boolean':
      return { type }
    case 'const':
      return { const: value }
    case 'array':
      return { type, items: inner ? schemaToJson(inner) : {} }
    case 'dict':
      return { type: 'object', additionalProperties: inner ? schemaToJson(inner) : {} }
    case 'tuple':
      return { type: 'array', prefixItems: list.map(schemaToJson), maxItems: list.length }
    case 'object':
      return objectOf(dict)
    case 'union':
      return unionOf(list)
    case 'intersect':
      return intersectionOf(list)
    case 'transform':
      return inner ? schemaToJson(inner) : {}
    case 'date':
      return { type: 'string', format: 'date-time' }
    case 'never':
      return { not: {} }
    default:
      return {}
  }
}

function objectOf(dict: NonNullable<SchemaNode['dict']>): JsonSchema {
  const fields = Object.entries(dict).flatMap(([name, field]) => {
    return field && !field.meta?.hidden ? [[name, field] as const] : []
  })
  const required = fields.filter(([, { meta }]) => meta?.required).map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, field]) => [name, schemaToJson(field)])),
    ...required.length && { required },
    additionalProperties: false,
  }
}

/** Constants become an `enum`, which models follow better than alternatives. */
function unionOf(list: readonly SchemaNode[]): JsonSchema {
  const values = list.map(({ type, value }) => type === 'const' ? value : undefined)
  if (values.every(value => typeof value === 'string')) return { type: 'string', enum: values }
  if (values.every(value => typeof value === 'number')) return { type: 'number', enum: values }
  return { anyOf: list.map(schemaToJson) }
}

/** Objects are merged: `additionalProperties` of one would refuse the fields of the other. */
function intersectionOf(list: readonly SchemaNode[]): JsonSchema {
  if (list.every(({ type }) => type === 'object')) return objectOf(Object.assign({}, ...list.map(({ dict }) => dict)))
  return { allOf: list.map(schemaToJson) }
}

function isPlain(value: unknown) {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

import assert from 'node:assert/strict'
import { Schema } from 'koishi'
import { checkArguments } from '../../src/tools/arguments'
import { isSchemaNode, schemaToJson } from '../../src/tools/schema-to-json'
import type { JsonSchema, Tool } from '../../src/tools/tool'

describe('a Koishi schema as JSON schema', () => {
  const cases: [string, Schema, JsonSchema][] = [
    ['a text', Schema.string().min(1).max(9).pattern(/^a/), { type: 'string', minLength: 1, maxLength: 9, pattern: '^a' }],
    ['a number', Schema.number().min(1).max(9), { type: 'number', minimum: 1, maximum: 9 }],
    ['a natural number', Schema.natural(), { type: 'integer', minimum: 0 }],
    ['a switch with a default', Schema.boolean().default(true).description('on?'), { type: 'boolean', default: true, description: 'on?' }],
    ['one of several texts', Schema.union(['a', 'b']), { type: 'string', enum: ['a', 'b'] }],
    ['one of several kinds', Schema.union([Schema.string(), Schema.number()]), { anyOf: [{ type: 'string' }, { type: 'number' }] }],
    ['a list', Schema.array(Schema.string()), { type: 'array', items: { type: 'string' } }],
    ['a table', Schema.dict(Schema.number()), { type: 'object', additionalProperties: { type: 'number' } }],
    ['a pair', Schema.tuple([Schema.string(), Schema.number()]), { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], maxItems: 2 }],
    ['an object', Schema.object({ a: Schema.string().required(), b: Schema.number() }), {
      type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } }, required: ['a'], additionalProperties: false,
    }],
    ['objects together', Schema.intersect([Schema.object({ a: Schema.string() }), Schema.object({ b: Schema.string() })]), {
      type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, additionalProperties: false,
    }],
    ['texts in two languages', Schema.string().i18n({ 'zh-CN': '甲', 'en-US': 'a' }), { type: 'string', description: '甲' }],
  ]
  for (const [what, schema, json] of cases) {
    it(`of ${what}`, () => {
      assert.ok(isSchemaNode(schema))
      // Schemas of lists and objects have empty defaults, which say nothing.
      assert.deepEqual(schemaToJson(schema), json)
    })
  }

  it('is not taken for one where it is one already', () => {
    assert.equal(isSchemaNode({ type: 'object', meta: {} }), false)
  })
})

describe('the arguments of a call', () => {
  const tool = (parameters: JsonSchema) => ({ name: 't', parameters }) as Tool<unknown>
  const object = (properties: JsonSchema, rest: JsonSchema = {}) => tool({ type: 'object', properties, ...rest })

  const refused: [string, Tool<unknown>, unknown][] = [
    ['no object', object({}), 'text'],
    ['a list', object({}), []],
    ['null', object({}), null],
    ['another type', object({ a: { type: 'string' } }), { a: 1 }],
    ['a missing one', object({}, { required: ['a'] }), {}],
    ['an unknown one', object({}, { additionalProperties: false }), { a: 1 }],
    ['a value out of range', object({ a: { type: 'integer', maximum: 3 } }), { a: 4 }],
    ['none of the choices', object({ a: { enum: ['x'] } }), { a: 'y' }],
    ['a pattern that does not match', object({ a: { type: 'string', pattern: '^x$' } }), { a: 'y' }],
    ['a nested one of another type', object({ a: { type: 'array', items: { type: 'number' } } }), { a: [1, '2'] }],
  ]
  for (const [what, given, args] of refused) {
    it(`are refused with ${what}`, () => {
      const checked = checkArguments(given, args)
      assert.ok('problem' in checked && checked.problem.length > 0)
    })
  }

  it('are copied, so that a tool cannot change the history', () => {
    const args = { a: { b: 1 } }
    const checked = checkArguments(object({ a: {} }), args)
    assert.ok('args' in checked)
    assert.deepEqual(checked.args, args)
    assert.notEqual(checked.args.a, args.a)
  })
})

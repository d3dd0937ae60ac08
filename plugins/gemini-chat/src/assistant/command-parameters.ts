import { h } from 'koishi'
import type { Argv, Command } from 'koishi'
import type { JsonSchema } from '../tools/tool'

type Declaration = Argv.Declaration

/** Values that a model cannot write: attachments. */
const UNSUPPORTED: readonly unknown[] = ['img', 'image', 'audio', 'video', 'file']

/** What providers take as the name of a property. */
const PROPERTY = /^[\w.-]{1,64}$/

/** A value of a call: an argument at its position, or an option. */
interface Parameter {
  property: string
  declaration: Declaration
  kind: 'argument' | 'option'
}

/** How the arguments and options of a command are called, and how values get back into it. */
export class CommandParameters {
  private readonly parameters: Parameter[] = []
  /** The command needs something that a model cannot write. */
  readonly isUsable: boolean

  /** @param describe the description of an argument or option */
  constructor(private readonly command: Command, private readonly describe: (path: string) => string) {
    const end = command._arguments.findIndex(({ type }) => UNSUPPORTED.includes(type))
    const usable = end < 0 ? command._arguments : command._arguments.slice(0, end)
    this.isUsable = end < 0 || !command._arguments[end].required
    for (const [index, declaration] of usable.entries()) this.add('argument', declaration, `argument${index + 1}`)
    for (const [index, declaration] of Object.values(command._options).entries()) {
      // `help` shows the help of a command in place of running it.
      if (declaration.name === 'help' || UNSUPPORTED.includes(declaration.type)) continue
      this.add('option', declaration, `option${index + 1}`)
    }
  }

  /** The JSON schema of the arguments of a call. */
  get schema(): JsonSchema {
    const required = this.parameters.filter(({ kind, declaration }) => kind === 'argument' && declaration.required)
    return {
      type: 'object',
      properties: Object.fromEntries(this.parameters.map(parameter => [parameter.property, this.schemaOf(parameter)])),
      ...required.length && { required: required.map(({ property }) => property) },
      additionalProperties: false,
    }
  }

  /**
   * Writes values into a call, converted by Koishi as if a person had typed them. They are never parsed as a command
   * line: no value becomes an option, an element, an interpolation or another command.
   * @throws what is wrong with them
   */
  fill(argv: Argv, values: Record<string, unknown>): Argv {
    const args: unknown[] = []
    const options: Record<string, unknown> = {}
    let missing: string | undefined
    for (const { property, declaration, kind } of this.parameters) {
      const value = values[property]
      if (value === undefined || value === null) {
        if (kind === 'argument') missing ??= property
        continue
      }
      if (kind === 'option') {
        const converted = this.convert(argv, value, declaration, kind)
        if (converted !== undefined) options[declaration.name!] = converted
      } else if (missing) {
        throw new Error(`${property} can only be given together with ${missing}`)
      } else {
        const list = declaration.variadic && Array.isArray(value) ? value : [value]
        args.push(...list.map(item => this.convert(argv, item, declaration, kind)))
      }
    }
    for (const { name, fallback } of Object.values(this.command._options)) {
      if (fallback !== undefined && !(name! in options)) options[name!] = fallback
    }
    return Object.assign(argv, { args, options })
  }

  private convert(argv: Argv, value: unknown, declaration: Declaration, kind: Parameter['kind']): unknown {
    const { type } = declaration
    if (type === 'boolean') return value === true ? true : undefined
    // As an adapter hands over what a person has typed: `<` is text.
    const converted = this.command.ctx.$commander.parseValue(h.escape(String(value)), kind, argv, declaration)
    if (argv.error) throw new Error(argv.error)
    return converted
  }

  private add(kind: Parameter['kind'], declaration: Declaration, substitute: string) {
    const name = declaration.name ?? ''
    const isTaken = this.parameters.some(({ property }) => property === name)
    this.parameters.push({ kind, declaration, property: PROPERTY.test(name) && !isTaken ? name : substitute })
  }

  private schemaOf({ kind, declaration }: Parameter): JsonSchema {
    const { name, type, variadic } = declaration
    const description = this.describe(`commands.${this.command.name}.${kind}s.${name}`) || name
    const schema = { ...typeSchema(type), description }
    return variadic ? { type: 'array', items: schema } : schema
  }
}

function typeSchema(type: Argv.Type | undefined): JsonSchema {
  if (Array.isArray(type)) return { type: 'string', enum: type }
  switch (type) {
    case 'number': return { type: 'number' }
    case 'integer': return { type: 'integer' }
    case 'posint': return { type: 'integer', minimum: 1 }
    case 'natural': return { type: 'integer', minimum: 0 }
    case 'boolean': return { type: 'boolean' }
    default: return { type: 'string' }
  }
}

import { McpServerError } from './error'

/** Shorter values are not hidden in messages: they would hide ordinary text. */
const MIN_SECRET_CHARS = 4

/** Replaces `${NAME}` by variables of the environment, and remembers their values to keep them out of messages. */
export class Secrets {
  private readonly values = new Set<string>()

  constructor(private readonly environment: Record<string, string | undefined>) {}

  /** @throws {McpServerError} `assistant-mcp/variable-missing` */
  fill(texts: Record<string, string>): Record<string, string> {
    return Object.fromEntries(Object.entries(texts).map(([name, text]) => {
      const filled = text.replace(/\$\{(\w+)\}/g, (_, variable: string) => {
        const value = this.environment[variable]
        if (!value) throw missing(variable)
        this.values.add(value)
        return value
      })
      this.values.add(filled)
      return [name, filled]
    }))
  }

  /** The text without the values that were filled in. */
  hide(text: string): string {
    const values = [...this.values].filter(({ length }) => length >= MIN_SECRET_CHARS)
    return values.sort((a, b) => b.length - a.length).reduce((rest, value) => rest.replaceAll(value, '***'), text)
  }
}

function missing(variable: string) {
  return new McpServerError('assistant-mcp/variable-missing', `the variable ${variable} is not set: add it to .env`)
}

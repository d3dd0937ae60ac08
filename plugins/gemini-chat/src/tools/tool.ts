/** A JSON schema. @see https://json-schema.org/draft/2020-12 */
export type JsonSchema = Record<string, unknown>

/** A text in the languages of the plugin, or one text for all of them. */
export type ToolText = string | { zh: string, en: string }

/** What a tool gets beside its arguments. */
export interface ToolRun<Caller> {
  /** The person who asked, and whose rights apply. */
  caller: Caller
  /** Aborts when the answer is stopped, the time limit is reached or the plugin is unloaded. */
  signal: AbortSignal
}

/** A tool that the model may call. */
export interface Tool<Caller> {
  /** Letters, digits, `_` and `-`, at most 64; unique. */
  name: string
  /** For the model: what the tool does, and when to use it. */
  description: ToolText
  /** For people: named while the tool runs, and when it asks for confirmation. The name, if there is none. */
  title?: ToolText
  parameters: JsonSchema
  /** Fills in defaults and converts values that have passed the schema. @throws what is wrong with them */
  convert?(args: Record<string, unknown>): Record<string, unknown>
  /** The least authority of who may use it. */
  authority: number
  /** The platforms on which it may be used; without it, all. */
  platforms?: readonly string[]
  /** Further conditions for who may use it. */
  allows?(caller: Caller): boolean | Promise<boolean>
  /** Whether the person has to confirm each call. */
  confirm: boolean
  timeoutMs: number
  /** @returns the result: a text, or a value that becomes JSON. @throws its message is told to the model */
  run(args: Record<string, unknown>, run: ToolRun<Caller>): unknown
}

/** The text in one language. */
export function textIn(language: 'zh' | 'en', text: ToolText): string {
  return typeof text === 'string' ? text : text[language]
}

import { assertUsableSchema } from './arguments'
import { ToolError } from './error'
import type { Tool } from './tool'

/** What the APIs of models allow. @see https://platform.openai.com/docs/api-reference/chat/create */
const NAME = /^[a-zA-Z_][\w-]{0,63}$/

/** Most tools of one request. @see https://platform.openai.com/docs/api-reference/chat/create */
export const MAX_OFFERED_TOOLS = 128

/** The tools of all plugins, in the order in which they were registered. */
export class ToolRegistry<Caller> {
  private readonly tools = new Map<string, Tool<Caller>>()

  /**
   * @returns removes the tool
   * @throws {ToolError} where the name or the schema is wrong, or the name is taken
   */
  add(tool: Tool<Caller>): () => void {
    const { name, parameters } = tool
    if (!NAME.test(name)) {
      throw new ToolError(`"${name}" cannot be the name of a tool: use at most 64 letters, digits, _ and -, not a digit first`)
    }
    if (this.tools.has(name)) throw new ToolError(`there is a tool ${name} already: choose another name`)
    assertUsableSchema(name, parameters)
    this.tools.set(name, tool)
    return () => {
      if (this.tools.get(name) === tool) this.tools.delete(name)
    }
  }

  /** Whether this very tool is still registered. */
  has(tool: Tool<Caller>): boolean {
    return this.tools.get(tool.name) === tool
  }

  get all(): Tool<Caller>[] {
    return [...this.tools.values()]
  }

  /**
   * The tools that a person may use, at most 128.
   * @param isAllowed whether the person may use a tool; a failure counts as no
   */
  async choose(isAllowed: (tool: Tool<Caller>) => Promise<boolean>): Promise<Tool<Caller>[]> {
    const all = this.all
    const allowed = await Promise.all(all.map(tool => isAllowed(tool).catch(() => false)))
    return all.filter((_, index) => allowed[index]).slice(0, MAX_OFFERED_TOOLS)
  }
}

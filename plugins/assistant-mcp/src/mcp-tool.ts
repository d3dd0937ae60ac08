import { createHash } from 'node:crypto'
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js'
import type { Session } from 'koishi'
import type { ServerSetting } from './config'

/** Most characters of a description: the server wrote it, and every request carries it. */
const MAX_DESCRIPTION_CHARS = 1000

/** Most characters of a result; the assistant cuts it further. */
const MAX_RESULT_CHARS = 200_000

/** What `ctx.assistant.tool` of koishi-plugin-gemini-chat takes, as far as it is used here. */
export interface AssistantTool {
  name: string
  description: string
  parameters: Record<string, unknown>
  authority: number
  confirm: boolean
  timeout: number
  allows(session: Session): boolean
  run(args: Record<string, unknown>, context: { signal: AbortSignal }): Promise<string>
}

/** Calls a tool of the server. */
export type CallTool = (name: string, args: Record<string, unknown>, signal: AbortSignal) => Promise<CallToolResult>

/** The tools of a server that the setting selects. */
export function selectTools<T extends Pick<Tool, 'name'>>(
  tools: readonly T[], { include, exclude }: Pick<ServerSetting, 'include' | 'exclude'>,
): T[] {
  const matches = (name: string, patterns: readonly string[]) => patterns.some(pattern => patternOf(pattern).test(name))
  return tools.filter(({ name }) => (!include.length || matches(name, include)) && !matches(name, exclude))
}

function patternOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map(text => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('.*')}$`)
}

/** A tool of a server as one of the assistant. What the server says of it is only trusted to be read-only. */
export function toAssistantTool(tool: Tool, setting: ServerSetting, call: CallTool): AssistantTool {
  const { name: server, confirm, authority, users, timeout } = setting
  const isReadOnly = tool.annotations?.readOnlyHint === true
  return {
    name: assistantName(server, tool.name),
    description: `Tool of the server ${server}. ${tool.description ?? ''}`.trim().slice(0, MAX_DESCRIPTION_CHARS),
    parameters: tool.inputSchema,
    authority,
    confirm: confirm === 'always' || (confirm === 'changes' && !isReadOnly),
    timeout,
    allows: ({ platform, userId }) => !users.length || users.includes(`${platform}:${userId}`),
    run: async (args, { signal }) => textOfResult(await call(tool.name, args, signal)),
  }
}

/** `server_tool`, at most 64 characters; where characters had to be replaced, a hash keeps names apart. */
export function assistantName(server: string, tool: string): string {
  const name = `${server}_${tool}`
  if (/^[\w-]{1,64}$/.test(name)) return name
  const hash = createHash('sha256').update(tool).digest('hex').slice(0, 8)
  return `${name.replace(/[^\w-]/g, '_').slice(0, 55)}_${hash}`
}

/**
 * The result as text. Pictures, sounds and files are named only.
 * @throws the text, where the tool says that it failed
 */
export function textOfResult({ content = [], structuredContent, isError }: CallToolResult): string {
  const parts = content.map((part) => {
    switch (part.type) {
      case 'text': return part.text
      case 'resource': return 'text' in part.resource ? part.resource.text : `[file ${part.resource.uri}]`
      case 'resource_link': return `[file ${part.uri}]`
      case 'image': case 'audio': return `[${part.type} ${part.mimeType}]`
      default: return part satisfies never
    }
  })
  const text = parts.join('\n') || (structuredContent ? JSON.stringify(structuredContent) : '')
  if (isError) throw new Error(text.slice(0, MAX_DESCRIPTION_CHARS) || 'the server says that it failed')
  return text.slice(0, MAX_RESULT_CHARS)
}

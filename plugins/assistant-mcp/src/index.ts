import { SystemClock } from 'common/time'
import type { Context } from 'koishi'
import { Config } from './config'
import type { AssistantTool } from './mcp-tool'
import { ServerConnection } from './server-connection'
import type { ServerState } from './server-connection'

export { Config }
export type { ServerSetting } from './config'
export { McpServerError } from './error'
export type { McpErrorCode } from './error'

export const name = 'assistant-mcp'

declare module 'koishi' {
  interface Events {
    /** Emitted by koishi-plugin-assistant-status: adds how a plugin is at this moment. */
    'assistant-status/now'(parts: object[]): void
  }
}

/** The part of the service of koishi-plugin-gemini-chat that is used. */
interface AssistantService {
  tool(options: AssistantTool): () => void
}

/** Connects to the MCP servers of the settings while there is an assistant, and gives it their tools. */
export function apply(ctx: Context, config: Config) {
  ctx.inject(['assistant'], ctx => connect(ctx, config))
}

function connect(ctx: Context, { servers, privateHosts }: Config) {
  const logger = ctx.logger('assistant-mcp')
  const clock = new SystemClock()
  const disposal = new AbortController()
  const names = servers.map(({ name }) => name)
  const connections = servers.filter(({ name }, index) => {
    const isFirst = names.indexOf(name) === index
    if (!isFirst) logger.warn('two servers are named %s: the second one is left out', name)
    return isFirst
  }).map(setting => ({ setting, connection: new ServerConnection({
    setting,
    privateHosts,
    environment: process.env,
    clock,
    random: Math.random,
    signal: disposal.signal,
    register: tool => (ctx.get('assistant') as unknown as AssistantService).tool(tool),
    log: { info: line => logger.info(line), warn: line => logger.warn(line) },
  }) }))
  for (const { connection } of connections) void connection.run()
  ctx.on('assistant-status/now', parts => void parts.push({
    source: 'mcp-servers',
    servers: connections.map(({ setting: { name }, connection }) => ({ name, ...connection.state })),
  }))
  ctx.command('mcp', '查看 MCP 服务器的状态', { authority: 3 }).action(() => {
    const lines = connections.map(({ setting: { name }, connection }) => `${name}: ${stateText(connection.state)}`)
    return lines.join('\n') || 'MCP: –'
  })
  ctx.on('dispose', () => {
    disposal.abort()
    clock.dispose()
  })
}

function stateText(state: ServerState): string {
  switch (state.status) {
    case 'connecting': return '正在连接 / connecting'
    case 'connected': return `已连接，${state.tools} 个工具 / connected, ${state.tools} tools`
    case 'failed': return `连不上 / failed: ${state.reason}`
    default: return state satisfies never
  }
}

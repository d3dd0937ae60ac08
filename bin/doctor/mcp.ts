import { Config, examineServer } from '../../plugins/assistant-mcp/src/examine-server'
import { ok, problem } from '../../plugins/gemini-chat/src/doctor'
import type { Finding } from '../../plugins/gemini-chat/src/doctor'
import type { Env } from '../instance/env'
import { savedSettings } from './saved-env'

/** Starting a program may download it first. */
const SERVER_TIMEOUT_MS = 30_000

/** Connects to each MCP server of the saved settings, as the instance does. */
export async function* examineMcpServers(environment: Env): AsyncGenerator<Finding> {
  for (const saved of savedSettings('assistant-mcp')) {
    let config: Config
    try {
      config = new Config(saved as unknown as Config)
    } catch (error) {
      yield problem('mcp-settings', { reason: (error as Error).message }, 'mcp-settings')
      continue
    }
    for (const setting of config.servers) {
      const { name } = setting
      const found = await examineServer(setting, {
        privateHosts: config.privateHosts, environment, timeoutMs: SERVER_TIMEOUT_MS,
      })
      if ('reason' in found) yield problem('mcp-failed', { name, reason: found.reason }, 'mcp')
      else if (!found.selected) yield problem('mcp-no-tools', { name, tools: found.tools }, 'mcp-no-tools')
      else yield ok('mcp', { name, ...found })
    }
  }
}

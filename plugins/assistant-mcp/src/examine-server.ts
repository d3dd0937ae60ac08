import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { describeError } from 'common/errors'
import type { ServerSetting } from './config'
import { listTools } from './list-tools'
import { selectTools } from './mcp-tool'
import { Secrets } from './secrets'
import { createTransport } from './transport'

export { Config } from './config'

export interface ExamineOptions {
  privateHosts: readonly string[]
  environment: Record<string, string | undefined>
  timeoutMs: number
}

/** What a server offers: all its tools, and those that the setting selects. */
export type Examination = { tools: number, selected: number } | { reason: string }

/** Connects to a server once, for programs of the command line. Never throws. */
export async function examineServer(
  setting: ServerSetting, { privateHosts, environment, timeoutMs }: ExamineOptions,
): Promise<Examination> {
  const secrets = new Secrets(environment)
  const client = new Client({ name: 'koishi-assistant', version: '1.0.0' }, { capabilities: {} })
  let dispose = async () => {}
  try {
    const made = createTransport(setting, secrets, privateHosts)
    dispose = made.dispose
    await client.connect(made.transport, { timeout: timeoutMs })
    const tools = await listTools(client, timeoutMs)
    return { tools: tools.length, selected: selectTools(tools, setting).length }
  } catch (error) {
    return { reason: secrets.hide(describeError(error)) }
  } finally {
    await client.close().catch(() => {})
    await dispose().catch(() => {})
  }
}

import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { McpError, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { describeError } from 'common/errors'
import { withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import type { ServerSetting } from './config'
import { McpServerError } from './error'
import { isTooLarge, tooLarge } from './limit-messages'
import { listTools } from './list-tools'
import { selectTools, toAssistantTool } from './mcp-tool'
import type { AssistantTool } from './mcp-tool'
import { Secrets } from './secrets'
import { createTransport } from './transport'

const CONNECT_TIMEOUT_MS = 30_000
/** A server that does not answer a ping within this time is connected to again. */
const PING_TIMEOUT_MS = 15_000
const PING_INTERVAL_MS = 60_000
const CLOSE_TIMEOUT_MS = 5000
const FIRST_PAUSE_MS = 1000
const MAX_PAUSE_MS = 300_000
/** Most tools of one server. */
const MAX_TOOLS = 100

/** How a server is, for people. */
export type ServerState =
  | { status: 'connecting' }
  | { status: 'connected', tools: number }
  | { status: 'failed', reason: string }

export interface ConnectionOptions {
  setting: ServerSetting
  privateHosts: readonly string[]
  environment: Record<string, string | undefined>
  clock: Clock
  random: () => number
  signal: AbortSignal
  /** Gives a tool to the assistant. @returns takes it back @throws why the assistant does not take it */
  register(tool: AssistantTool): () => void
  log: { info(line: string): void, warn(line: string): void }
}

/** Keeps a server connected and its tools registered; while it cannot be reached, it has none. */
export class ServerConnection {
  state: ServerState = { status: 'connecting' }
  private readonly secrets: Secrets
  private client?: Client
  private registered: (() => void)[] = []
  /** Whether the present connection ends because of a message that is too large. */
  private isFlooded = false

  constructor(private readonly options: ConnectionOptions) {
    this.secrets = new Secrets(options.environment)
  }

  /** Connects, again after each failure with growing pauses, until the signal aborts. Never rejects. */
  async run() {
    const { clock, random, signal } = this.options
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.connectOnce(() => attempt = 0)
      } catch (error) {
        if (!signal.aborted) this.fail(error)
      }
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS)
      await clock.sleep(pause / 2 + random() * pause / 2, signal)
    }
  }

  /** Connects and stays until the connection ends. @throws why it ended */
  private async connectOnce(onConnected: () => void) {
    const { setting, privateHosts, signal, clock } = this.options
    this.isFlooded = false
    const { transport, dispose } = createTransport(setting, this.secrets, privateHosts, () => {
      this.isFlooded = true
      void client.close().catch(() => {})
    })
    const client = new Client({ name: 'koishi-assistant', version: '1.0.0' }, { capabilities: {} })
    const ended = new AbortController()
    const end = () => ended.abort()
    signal.addEventListener('abort', end, { once: true })
    client.onclose = end
    client.onerror = (error) => {
      if (isTooLarge(error)) this.isFlooded = true
    }
    try {
      await client.connect(transport, { timeout: CONNECT_TIMEOUT_MS, signal })
      this.client = client
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
        // A server that fails here fails the next ping as well.
        this.offerTools(client).catch(() => {})
      })
      await this.offerTools(client)
      onConnected()
      while (!ended.signal.aborted) {
        await clock.sleep(PING_INTERVAL_MS, ended.signal)
        if (!ended.signal.aborted) await client.ping({ timeout: PING_TIMEOUT_MS })
      }
      if (!signal.aborted) throw this.isFlooded ? tooLarge() : new McpServerError('assistant-mcp/not-connected', 'the connection was closed')
    } finally {
      signal.removeEventListener('abort', end)
      this.client = undefined
      this.withdrawTools()
      await withTimeout(client.close().catch(() => {}), CLOSE_TIMEOUT_MS, clock, () => {})
      await dispose().catch(() => {})
    }
  }

  private async offerTools(client: Client) {
    const { setting, register, log, signal } = this.options
    const tools = selectTools(await listTools(client, CONNECT_TIMEOUT_MS), setting).slice(0, MAX_TOOLS)
    if (signal.aborted || this.client !== client) return
    this.withdrawTools()
    for (const tool of tools) {
      try {
        const offered = toAssistantTool(tool, setting, (name, args, signal) => this.call(client, name, args, signal))
        const run: AssistantTool['run'] = (args, context) => this.hideSecrets(offered.run(args, context))
        this.registered.push(register({ ...offered, run }))
      } catch (error) {
        log.warn(`the tool ${JSON.stringify(tool.name.slice(0, 64))} of ${setting.name} is left out: ${describeError(error)}`)
      }
    }
    const { length } = this.registered
    if (this.state.status !== 'connected' || this.state.tools !== length) {
      log.info(`${setting.name}: connected, ${length} tools`)
    }
    this.state = { status: 'connected', tools: length }
  }

  private withdrawTools() {
    for (const remove of this.registered.splice(0)) remove()
  }

  private async call(
    client: Client, name: string, args: Record<string, unknown>, signal: AbortSignal,
  ): Promise<CallToolResult> {
    const { timeout } = this.options.setting
    try {
      return await client.callTool({ name, arguments: args }, undefined, { signal, timeout }) as CallToolResult
    } catch (error) {
      if (this.isFlooded) throw tooLarge()
      // An answer of the server, or our own time limit: the connection may be well.
      if (error instanceof McpError || signal.aborted) throw new Error(describeError(error))
      void client.close().catch(() => {})
      throw new McpServerError('assistant-mcp/not-connected', `the server ${this.options.setting.name} cannot be reached`)
    }
  }

  /** Keeps values of variables, which a server may repeat, from the model. */
  private async hideSecrets(result: Promise<string>): Promise<string> {
    try {
      return this.secrets.hide(await result)
    } catch (error) {
      throw new Error(this.secrets.hide(error instanceof Error ? error.message : String(error)))
    }
  }

  private fail(error: unknown) {
    const { setting, log } = this.options
    const reason = this.secrets.hide(describeError(error))
    if (this.state.status !== 'failed' || this.state.reason !== reason) {
      log.warn(`${setting.name}: ${reason}; its tools are left out until it can be reached, which is tried again`)
    }
    this.state = { status: 'failed', reason }
  }
}

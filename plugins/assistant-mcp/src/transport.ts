import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { parseWebUrl, SsrfGuard } from 'common/net'
import { Agent, fetch as undiciFetch } from 'undici'
import type { RequestInit } from 'undici'
import type { ServerSetting } from './config'
import { McpServerError } from './error'
import { limitMessages, MAX_MESSAGE_BYTES } from './limit-messages'
import type { Secrets } from './secrets'

/** Time for the head of a response; a stream of events may be silent for as long as it likes. */
const HEAD_TIMEOUT_MS = 60_000

/** A connection to a server, not yet opened. */
export interface ServerTransport {
  transport: Transport
  /** Ends what the transport leaves open. */
  dispose(): Promise<void>
}

/**
 * The transport of a server: a program that is started, or an address.
 * @param privateHosts hosts that may have private addresses
 * @param onTooLarge called when a response has a message that is too large; a program is ended instead
 * @throws {McpServerError} where the setting is wrong or a variable is missing
 */
export function createTransport(
  setting: ServerSetting, secrets: Secrets, privateHosts: readonly string[], onTooLarge: () => void = () => {},
): ServerTransport {
  const { command, args, env, url, headers, name } = setting
  if (!command === !url) {
    throw new McpServerError('assistant-mcp/setting-wrong', `the server ${name} needs either a program or an address`)
  }
  if (url) return createHttpTransport(url, secrets.fill(headers), privateHosts, onTooLarge)
  return {
    // What a program writes to its error output may hold anything, and is not logged.
    transport: new StdioClientTransport({
      command, args, env: { ...getDefaultEnvironment(), ...secrets.fill(env) }, stderr: 'ignore',
      // Without a line feed within this many bytes, the SDK ends the program.
      maxBufferSize: MAX_MESSAGE_BYTES,
    }),
    dispose: async () => {},
  }
}

function createHttpTransport(
  address: string, headers: Record<string, string>, privateHosts: readonly string[], onTooLarge: () => void,
): ServerTransport {
  const url = parseWebUrl(address)
  const guard = new SsrfGuard(privateHosts)
  const connect = { lookup: guard.lookupFor(url) }
  const dispatcher = new Agent({ connect, headersTimeout: HEAD_TIMEOUT_MS, bodyTimeout: 0 })
  // The lookup knows one host only, and a redirect could lead to another.
  const guardedFetch = async (target: string | URL, init?: unknown) => {
    const { origin } = new URL(target)
    if (origin !== url.origin) throw new McpServerError('assistant-mcp/setting-wrong', 'the server refers to another host')
    guard.check(url)
    const response = await undiciFetch(target, { ...init as RequestInit, redirect: 'error', dispatcher })
    return limited(response as unknown as Response, onTooLarge)
  }
  return {
    transport: new StreamableHTTPClientTransport(url, { fetch: guardedFetch, requestInit: { headers } }) as Transport,
    dispose: () => dispatcher.destroy(),
  }
}

/** The response, whose body fails at a message that is too large. */
function limited(response: Response, onTooLarge: () => void): Response {
  const { body, status, statusText, headers } = response
  if (!body) return response
  const isEventStream = !!headers.get('content-type')?.includes('text/event-stream')
  return new Response(limitMessages(body, isEventStream, onTooLarge), { status, statusText, headers })
}

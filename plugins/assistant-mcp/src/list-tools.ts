import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Tool } from '@modelcontextprotocol/sdk/types.js'

const MAX_PAGES = 20

/**
 * All tools of a server.
 * @throws what the server answers
 */
export async function listTools(client: Client, timeout: number): Promise<Tool[]> {
  const tools: Tool[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const { tools: more, nextCursor } = await client.listTools({ cursor }, { timeout })
    tools.push(...more)
    cursor = nextCursor
    if (!cursor) break
  }
  return tools
}

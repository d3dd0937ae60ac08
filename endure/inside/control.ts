import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Actions } from './actions'

/**
 * Serves the actions over a Unix socket: `POST /<action>` with the argument as JSON.
 * @returns stops it
 */
export function startControl(path: string, actions: Actions): () => void {
  rmSync(path, { force: true })
  const server = createServer(async (request, response) => {
    const action = request.url!.slice(1) as keyof Actions
    try {
      const { argument } = await json(request) as { argument: never }
      const value = await actions[action](argument)
      response.end(JSON.stringify({ value }))
    } catch (error) {
      response.writeHead(500).end(JSON.stringify({ error: String(error) }))
    }
  })
  server.listen(path)
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

import { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * Watches for callbacks that come to a path where no bot is, and are answered with 404 or somebody's page: of those the
 * console says only that it failed.
 * @param found told the path
 * @returns stops watching
 */
export function watchStrays(server: Server, found: (path: string) => void): () => void {
  const watch = ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    if (!/[?&]msg_?signature=/.test(url)) return
    response.once('finish', () => {
      const isPage = /^text\/html/i.test(String(response.getHeader('content-type')))
      if (isPage || response.statusCode === 404) found(url.split('?', 1)[0])
    })
  }
  server.on('request', watch)
  return () => void server.off('request', watch)
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * Watches for callbacks that come to a path where no bot is, and are answered with 404 or somebody's page: of those the
 * console says only that it failed.
 * @param isKnown whether there is a bot on a path
 * @param found told the path
 * @returns stops watching
 */
export function watchMisrouted(
  server: Server,
  isKnown: (path: string) => boolean,
  found: (path: string) => void,
): () => void {
  const watch = ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    const query = url.indexOf('?')
    // Almost all: what is done for them is done for every callback.
    if (query < 0 || isKnown(url.slice(0, query)) || !/[?&]msg_?signature=/.test(url)) return
    response.once('finish', () => {
      const isPage = /^text\/html/i.test(String(response.getHeader('content-type')))
      if (isPage || response.statusCode === 404) found(url.slice(0, query))
    })
  }
  server.on('request', watch)
  return () => void server.off('request', watch)
}

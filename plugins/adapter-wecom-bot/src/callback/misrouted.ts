import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * Watches for callbacks to a path without a bot that are answered with 404 or an HTML page. WeCom's console only says
 * that the verification failed.
 * @param isKnown whether a path has a bot
 * @param found called with the path
 * @returns a function that stops watching
 */
export function watchMisrouted(
  server: Server,
  isKnown: (path: string) => boolean,
  found: (path: string) => void,
): () => void {
  const watch = ({ url = '' }: IncomingMessage, response: ServerResponse) => {
    const query = url.indexOf('?')
    // Cheap checks first: this runs for every request of the server.
    if (query < 0 || isKnown(url.slice(0, query)) || !/[?&]msg_?signature=/.test(url)) return
    response.once('finish', () => {
      const isPage = /^text\/html/i.test(String(response.getHeader('content-type')))
      if (isPage || response.statusCode === 404) found(url.slice(0, query))
    })
  }
  server.on('request', watch)
  return () => void server.off('request', watch)
}

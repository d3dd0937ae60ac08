import type { IncomingHttpHeaders } from 'node:http'
import { request as httpRequest } from 'node:http'
import type { RequestOptions } from 'node:https'
import { request as httpsRequest } from 'node:https'

export interface Exchange {
  status: number
  headers: IncomingHttpHeaders
  body: string
  chunks: Buffer[]
  /** `code` of the error that ended the response early. */
  error?: string
}

/** Sends one HTTP request and records the packets of the response. */
export function exchange(url: string, o: { method?: string, headers?: object, body?: string, ca?: string } = {}) {
  return new Promise<Exchange>((resolve, reject) => {
    const { method = o.body === undefined ? 'GET' : 'POST', headers, body, ca } = o
    const send = url.startsWith('https:') ? httpsRequest : httpRequest
    const options: RequestOptions = { method, headers: { ...headers }, ca, agent: false }
    // Recent versions of Node emit an error during the response on the request as well.
    let fail: (error: NodeJS.ErrnoException) => void = reject
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = []
      const done = fail = (error?: NodeJS.ErrnoException) => resolve({
        status: response.statusCode!,
        headers: response.headers,
        body: Buffer.concat(chunks).toString(),
        chunks,
        error: error?.code,
      })
      response.on('data', chunk => chunks.push(chunk)).on('end', () => done()).on('error', done)
    })
    request.on('error', error => fail(error)).end(body)
  })
}

import { send } from '@koishijs/client'
import type { Requests } from '../src/console/requests'

/**
 * Asks the server.
 * @throws the server's error, and an `Error` without a connection
 */
export async function request<K extends keyof Requests>(
  name: K, ...args: Parameters<Requests[K]>
): Promise<Awaited<ReturnType<Requests[K]>>> {
  const answer = send(name, ...args)
  if (!answer) throw new Error('the console is not connected')
  return await answer as Awaited<ReturnType<Requests[K]>>
}

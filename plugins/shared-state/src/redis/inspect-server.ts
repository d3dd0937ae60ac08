import { Redis } from 'ioredis'

const TIMEOUT_MS = 3000

/** What a server says of itself. A service in the cloud may keep its settings to itself. */
export interface ServerState {
  /** How many instances share their state at present. */
  instances: number
  /** Whether what it holds survives a restart; unknown if it does not say. */
  isPersistent?: boolean
  /** What it does when its memory is full, e.g. `noeviction`; unknown if it does not say. */
  eviction?: string
}

/**
 * Looks at a Redis server without changing anything: an instance that looks is not seen by the others.
 * @param prefix of the keys of the instances
 * @throws if it cannot be reached within three seconds, or refuses the password
 */
export async function inspectServer(url: string, prefix: string): Promise<ServerState> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let reason: Error | undefined
  client.on('error', (error: Error) => void (reason = error))
  try {
    await client.connect()
    const [seconds, microseconds] = await client.time()
    const now = Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000)
    const instances = await client.zcount(`${prefix}:instances`, `(${now}`, '+inf')
    const setting = async (name: string) => (await client.config('GET', name).catch(() => []) as string[]).at(1)
    const [appendonly, save, eviction] = [await setting('appendonly'), await setting('save'), await setting('maxmemory-policy')]
    const isPersistent = appendonly === undefined ? undefined : appendonly === 'yes' || !!save
    return { instances, isPersistent, eviction }
  } catch (error) {
    // A refused password or connection is told by an event; the command only says that there is no connection.
    throw reason ?? error
  } finally {
    client.disconnect()
  }
}

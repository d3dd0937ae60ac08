import { Redis } from 'ioredis'
import type { ScriptName } from './scripts'
import { SCRIPTS } from './scripts'

const CONNECT_TIMEOUT_MS = 3000
const MAX_RECONNECT_DELAY_MS = 2000

/** The part of ioredis that is used here, with the scripts as commands. */
export type Commands = Pick<Redis, 'get' | 'set' | 'hgetall' | 'publish' | 'zrem'>
  & Record<ScriptName, (...args: (string | number)[]) => Promise<unknown>>

/**
 * Two connections to Redis: one for commands, one for subscriptions. Both reconnect by themselves. Commands that cannot
 * be sent at once are refused instead of queued; those that are sent have no time limit of their own.
 */
export class RedisConnection {
  readonly commands: Commands
  /** Resolves when the server has answered for the first time, or has refused to. */
  readonly settled: Promise<void>
  private readonly client: Redis
  private readonly subscriber: Redis
  private readonly listeners = new Map<string, Set<(message: string) => void>>()
  /** Why the connection failed last. */
  private lastError?: Error
  private isConnected = false

  /** @param broken called when the connection for commands breaks: what the server knew may be gone */
  constructor(url: string, private readonly broken: () => void) {
    const options = {
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (times: number) => Math.min(times * 100, MAX_RECONNECT_DELAY_MS),
      lazyConnect: true,
    }
    this.client = new Redis(url, {
      ...options,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      reconnectOnError: error => this.isDemotion(error),
    })
    this.subscriber = new Redis(url, { ...options, maxRetriesPerRequest: null })
    for (const [name, script] of Object.entries(SCRIPTS)) this.client.defineCommand(name, script)
    this.commands = this.client as unknown as Commands
    for (const connection of [this.client, this.subscriber]) {
      connection.on('error', (error: Error) => void (this.lastError = error))
    }
    this.settled = new Promise((resolve) => {
      this.client.on('ready', resolve)
      // An attempt that took too long is followed by another one: a process that is busy misses the answer.
      this.client.on('error', ({ code }: NodeJS.ErrnoException) => code === 'ETIMEDOUT' || resolve())
    })
    this.client.connect().catch(() => {})
    this.subscriber.connect().catch(() => {})
    this.client.on('ready', () => {
      this.lastError = undefined
      this.isConnected = true
    })
    this.client.on('close', () => {
      if (!this.isConnected) return
      this.isConnected = false
      this.broken()
    })
    this.subscriber.on('message', (channel: string, message: string) => {
      for (const listener of [...this.listeners.get(channel) ?? []]) listener(message)
    })
  }

  /** Why commands fail: a refused command only says that there is no connection. */
  reasonOf(error: unknown): unknown {
    return this.client.status === 'ready' ? error : this.lastError ?? error
  }

  /** Drops connections that stand although the server does not answer, and connects again. */
  reconnect() {
    for (const connection of [this.client, this.subscriber]) {
      if (connection.status === 'ready') connection.disconnect(true)
    }
  }

  /**
   * After a failover, the connections that are left may lead to the former primary, which is now a replica: new ones
   * are made, of which the address leads to the new primary.
   */
  private isDemotion({ message }: Error): boolean {
    if (!message.startsWith('READONLY')) return false
    if (this.subscriber.status === 'ready') this.subscriber.disconnect(true)
    return true
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    const listeners = this.listeners.get(channel) ?? new Set()
    // Subscriptions that fail now are made when the connection is ready.
    if (!listeners.size) this.subscriber.subscribe(channel).catch(() => {})
    this.listeners.set(channel, listeners.add(listener))
    return () => {
      if (!listeners.delete(listener) || listeners.size) return
      this.listeners.delete(channel)
      this.subscriber.unsubscribe(channel).catch(() => {})
    }
  }

  close() {
    this.client.disconnect()
    this.subscriber.disconnect()
  }
}

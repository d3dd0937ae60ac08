import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from 'testkit'

const START_TIMEOUT_MS = 30_000
const SYNC_TIMEOUT_MS = 60_000

/** A real Redis server on 127.0.0.1, with a password and without persistence. */
export class RedisServer {
  private process?: ChildProcess

  private constructor(readonly folder: string, readonly port: number, readonly password: string) {}

  static async start(): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'redis-'))
    const server = new RedisServer(folder, await freePort(), 'spec-password')
    try {
      await server.run()
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  get url() {
    return `redis://:${this.password}@127.0.0.1:${this.port}/0`
  }

  /** Starts the server again after `stop`, without what it knew. */
  async run() {
    const settings = {
      port: this.port, bind: '127.0.0.1', requirepass: this.password, masterauth: this.password, save: '', dir: this.folder,
      // A replica need not wait for others.
      'repl-diskless-sync-delay': 0,
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    this.process = spawn('redis-server', args, { stdio: 'ignore' })
    const failed = once(this.process, 'error').then(([error]) => { throw error })
    for (let waited = 0; waited < START_TIMEOUT_MS; waited += 50) {
      if (await Promise.race([this.command('PING').catch(() => undefined), failed])) return
      await sleep(50)
    }
    throw new Error('redis-server did not start in time')
  }

  /** Runs one command over a connection of its own. */
  async command(name: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1000 })
    client.on('error', () => {})
    try {
      await client.connect()
      return await client.call(name, ...args)
    } finally {
      client.disconnect()
    }
  }

  /** How often the server has run each command since `resetOperations`, by name; those within scripts included. */
  async operations(): Promise<Record<string, number>> {
    const info = String(await this.command('INFO', 'commandstats'))
    return Object.fromEntries([...info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, calls]) => [name, Number(calls)]))
  }

  async resetOperations() {
    await this.command('CONFIG', 'RESETSTAT')
  }

  /** Becomes a replica of another server with the same password. Resolves when it has the same content. */
  async follow(primary: RedisServer) {
    await this.command('REPLICAOF', '127.0.0.1', String(primary.port))
    for (let waited = 0; waited < SYNC_TIMEOUT_MS; waited += 50) {
      if (String(await this.command('INFO', 'replication')).includes('master_link_status:up')) return
      await sleep(50)
    }
    throw new Error('the replica did not get the content of its primary in time')
  }

  /** Stops answering, with all connections open. */
  pause() {
    this.process!.kill('SIGSTOP')
  }

  resume() {
    this.process!.kill('SIGCONT')
  }

  /** Ends at once, and forgets everything. */
  async stop() {
    const { process } = this
    if (!process?.pid || process.exitCode !== null || process.signalCode) return
    process.kill('SIGKILL')
    await once(process, 'exit')
  }

  async close() {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

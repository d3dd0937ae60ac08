import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order, Usage } from '../servers/child'

/** A server in a process of its own, which ends with ours at the latest. */
export class Server {
  port = 0
  private readonly waiting = new Map<number, { resolve(value: unknown): void, reject(error: Error): void }>()
  private serial = 0

  private constructor(readonly process: ChildProcess) {
    process.on('message', ({ id, value, error }: { id: number, value?: unknown, error?: string }) => {
      const { resolve, reject } = this.waiting.get(id)!
      this.waiting.delete(id)
      if (error === undefined) resolve(value)
      else reject(new Error(error))
    })
    process.on('exit', (code, signal) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`a server has ended: ${signal ?? code}`))
    })
  }

  /** @param name of a file in `servers/` */
  static async start(name: string, options: object): Promise<Server> {
    const server = new Server(fork(join(__dirname, '../servers', name), {
      execArgv: [...process.execArgv, '--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }))
    await server.ask('start', options)
    server.port = await server.ask('port')
    return server
  }

  ask<T>(action: string, argument?: unknown): Promise<T> {
    const id = ++this.serial
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: value => resolve(value as T), reject })
      this.process.send({ id, action, argument } satisfies Order)
    })
  }

  usage(): Promise<Usage> {
    return this.ask('usage')
  }

  async stop() {
    if (!this.process.connected) return
    const exit = once(this.process, 'exit')
    this.process.disconnect()
    await exit
  }
}

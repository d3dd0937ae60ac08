import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ProcessUsage, ServerCall } from '../servers/child'

/** A server in a child process, controlled over IPC. It exits when this process does. */
export class ServerProcess {
  port = 0
  private readonly pending = new Map<number, { resolve(value: unknown): void, reject(error: Error): void }>()
  private serial = 0

  private constructor(readonly process: ChildProcess) {
    process.on('message', ({ id, value, error }: { id: number, value?: unknown, error?: string }) => {
      const { resolve, reject } = this.pending.get(id)!
      this.pending.delete(id)
      if (error === undefined) resolve(value)
      else reject(new Error(error))
    })
    process.on('exit', (code, signal) => {
      for (const { reject } of this.pending.values()) reject(new Error(`a server process has exited: ${signal ?? code}`))
    })
  }

  /** @param name a file in `servers/` */
  static async start(name: string, options: object): Promise<ServerProcess> {
    const server = new ServerProcess(fork(join(__dirname, '../servers', name), {
      execArgv: [...process.execArgv, '--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }))
    await server.call('start', options)
    server.port = await server.call('port')
    return server
  }

  /** Calls an action of the server. @throws what the action throws */
  call<T>(action: string, argument?: unknown): Promise<T> {
    const id = ++this.serial
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve: value => resolve(value as T), reject })
      this.process.send({ id, action, argument } satisfies ServerCall)
    })
  }

  usage(): Promise<ProcessUsage> {
    return this.call('usage')
  }

  async stop() {
    if (!this.process.connected) return
    const exit = once(this.process, 'exit')
    this.process.disconnect()
    await exit
  }
}

/** The actions that the parent process can call. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Actions = Record<string, (argument: any) => unknown>

export interface ServerCall {
  id: number
  action: string
  argument?: unknown
}

/** Resources used since the start of the process. */
export interface ProcessUsage {
  /** User and system CPU time in seconds. */
  cpu: number
}

function usage(): ProcessUsage {
  const { user, system } = process.cpuUsage()
  return { cpu: (user + system) / 1e6 }
}

/** Bytes of heap in use after a garbage collection. */
function heap(): number {
  globalThis.gc!()
  return process.memoryUsage().heapUsed
}

/**
 * Runs this process as a server that is controlled by its parent over IPC and exits with it.
 * @param start starts the server and returns further actions, at least `port`
 */
export function runServer<T>(start: (options: T) => Promise<Actions>) {
  const actions: Actions = {
    usage,
    heap,
    start: async (options: T) => void Object.assign(actions, await start(options)),
  }
  process.on('message', async ({ id, action, argument }: ServerCall) => {
    try {
      process.send!({ id, value: await actions[action](argument) })
    } catch (error) {
      process.send!({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', () => process.exit())
}

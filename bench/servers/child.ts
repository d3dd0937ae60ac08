/** What a server can be asked, by name. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Actions = Record<string, (argument: any) => unknown>

export interface Order {
  id: number
  action: string
  argument?: unknown
}

/** What the process has used since it began. */
export interface Usage {
  /** Seconds. */
  cpu: number
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpu: (user + system) / 1e6 }
}

/** Bytes that are left in use when everything is freed that can be. */
function heap(): number {
  globalThis.gc!()
  return process.memoryUsage().heapUsed
}

/**
 * Makes this process a server: it does what its parent says over IPC, and goes when its parent goes.
 * @param start begins to listen, and tells what else can be asked
 */
export function serve<T>(start: (options: T) => Promise<Actions>) {
  const actions: Actions = {
    usage,
    heap,
    start: async (options: T) => void Object.assign(actions, await start(options)),
  }
  process.on('message', async ({ id, action, argument }: Order) => {
    try {
      process.send!({ id, value: await actions[action](argument) })
    } catch (error) {
      process.send!({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', () => process.exit())
}

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { dump, load } from 'js-yaml'
import { mountDisk, unmountDisk } from './disk'
import type { Actions } from './inside/actions'

const root = resolve(__dirname, '..')

const START_TIMEOUT_MS = 60_000
const CALL_TIMEOUT_MS = 20_000
/** Most output that is kept, for the report of a failure. */
const MAX_OUTPUT = 400_000

/** Settings that make a month fit into minutes, by the group and the plugin in koishi.yml. */
const SHORTENED: [group: string, key: string, settings: object][] = [
  // Turns are forgotten soon; the freshness may be at most half of that.
  ['group:platform', '~adapter-wecom-bot:wecom', { retention: 20_000, freshness: 10_000, unclaimed: 3000 }],
  // Conversations are full after a few questions, and Gemini is given up soon.
  ['group:assistant', 'gemini-chat:gemini', {
    historyTokens: 150, compaction: false, firstByteTimeout: 3000, idleTimeout: 3000,
  }],
]

/** A second bot of WeCom's. */
export interface WebsocketBot {
  botId: string
  botSecret: string
  wsUrl: string
}

/** koishi.yml with the shortened times, a bot on the long connection, and the faults as a plugin. */
async function settings(bot: WebsocketBot): Promise<object> {
  const { plugins, ...rest } = load(await readFile(join(root, 'koishi.yml'), 'utf8')) as {
    plugins: Record<string, Record<string, object>>
  }
  for (const [group, key, settings] of SHORTENED) {
    if (!plugins[group]?.[key]) throw new Error(`koishi.yml has no ${key} in ${group}`)
    Object.assign(plugins[group][key], settings)
  }
  const platforms = plugins['group:platform']
  platforms['adapter-wecom-bot:websocket'] = { ...platforms['~adapter-wecom-bot:wecom'], ...bot, mode: 'websocket' }
  return { ...rest, plugins: { ...plugins, 'group:faults': { './faults.cjs:faults': {} } } }
}

/** The built instance, started as `npm start` does, in a temporary folder, with the faults inside. */
export class Instance {
  output = ''
  /** Characters of the output that are not kept any more. */
  private dropped = 0
  code: number | null = null
  /** How much time has passed more than really did. Milliseconds. */
  passed = 0
  private child!: ChildProcess
  private exited: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly folder: string,
    private readonly env: Record<string, string>,
    /** Whether `data` is a small file system of its own, which can be filled. */
    readonly hasOwnDisk: boolean,
  ) {}

  get data() {
    return join(this.folder, 'data')
  }

  /** Prepares the folder. @param env its environment variables */
  static async create(env: Record<string, string>, bot: WebsocketBot): Promise<Instance> {
    const folder = await mkdtemp(join(tmpdir(), 'endure-'))
    await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
    await mkdir(join(folder, 'data'))
    const hasOwnDisk = mountDisk(join(folder, 'data'))
    await build({
      entryPoints: [join(__dirname, 'inside/index.ts')], outfile: join(folder, 'faults.cjs'),
      bundle: true, platform: 'node', target: 'node20', format: 'cjs', packages: 'external', logLevel: 'warning',
    })
    await writeFile(join(folder, 'koishi.yml'), dump(await settings(bot)))
    return new Instance(folder, { ENDURE_SOCKET: join(folder, 'faults.sock'), ...env }, hasOwnDisk)
  }

  /** Starts the processes, and waits until the instance is ready. */
  async start() {
    const { PATH, HOME } = process.env
    this.output = ''
    this.dropped = 0
    this.code = null
    const preload = ['--expose-gc', '-r', join(this.folder, 'faults.cjs')]
    // A process group of its own, so that the launcher and its worker can be killed at once.
    const child = spawn(process.execPath, [...preload, join(root, 'lib/start.js')], {
      cwd: this.folder, env: { PATH, HOME, ...this.env, ENDURE_PASSED: join(this.folder, 'passed') }, stdio: ['ignore', 'pipe', 'pipe'], detached: true,
    })
    this.child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        this.dropped += Math.max(0, this.output.length - MAX_OUTPUT)
        this.output = this.output.slice(-MAX_OUTPUT)
      })
    }
    this.exited = once(child, 'close').then(([code]) => this.code = code ?? -1)
    await this.prints('Ready.')
  }

  /** How much was printed since the last start. */
  get position(): number {
    return this.dropped + this.output.length
  }

  /** What was printed after a position, as far as it is kept. */
  printedAfter(position: number): string {
    return this.output.slice(Math.max(0, position - this.dropped))
  }

  /** Waits for a text in the output since the last start, or since the position `from`. */
  async prints(text: string, from = 0) {
    const end = performance.now() + START_TIMEOUT_MS
    while (!this.printedAfter(from).includes(text)) {
      if (this.code !== null) throw new Error(`the instance exited with ${this.code}:\n${this.output.slice(-4000)}`)
      if (performance.now() > end) throw new Error(`the instance did not print "${text}":\n${this.output.slice(-4000)}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** Runs an action inside the instance. @throws what it throws there */
  async call<T extends keyof Actions>(
    action: T, ...[argument]: Parameters<Actions[T]>
  ): Promise<Awaited<ReturnType<Actions[T]>>> {
    const body = JSON.stringify({ argument })
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS)
    const options = { socketPath: this.env.ENDURE_SOCKET, path: `/${action}`, method: 'POST', agent: false, signal }
    const [response] = await once(request(options).end(body), 'response')
    const { value, error } = JSON.parse(await text(response)) as { value: never, error?: string }
    if (error) throw new Error(`${action}: ${error}`)
    return value
  }

  /** Stops it gracefully. @returns the exit code */
  async stop(): Promise<number> {
    if (this.code === null) this.child.kill('SIGTERM')
    await this.exited
    return this.code!
  }

  /** Kills launcher and worker, as a power cut would. */
  async kill() {
    process.kill(-this.child.pid!, 'SIGKILL')
    await this.exited
  }

  /** Ends the processes, and removes the folder. Synchronous, so that it can be done when this process is stopped. */
  close() {
    if (this.child && this.code === null) process.kill(-this.child.pid!, 'SIGKILL')
    if (this.hasOwnDisk) unmountDisk(this.data)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

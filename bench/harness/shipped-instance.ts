import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { freePort } from 'testkit'
import { AES_KEY, TOKEN } from '../servers/settings'
import type { CpuProfile } from './cpu-profile'

const root = resolve(__dirname, '../..')
const START_TIMEOUT_MS = 60_000
/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100

export interface ShippedOptions {
  /** `count.cjs` counts statements and proxies, `profile.cjs` profiles the CPU; both report on SIGUSR2. */
  preload?: string
  /** A file that is copied to be its database. */
  database?: string
}

/** What has been counted since the start. */
export interface Counts {
  statements: number
  /** Writes to files by SQLite. */
  writes: number
  proxies: number
  /** The statement that took most CPU time since the counts were read last. */
  longest: { ms: number, sql: string }
}

/** The built instance as it ships: `node lib/start.js` in a temporary folder, with this repository's koishi.yml. */
export class ShippedInstance {
  /** Milliseconds from starting the process to the first answered request. */
  startTime = 0

  private constructor(readonly folder: string, readonly port: number, private readonly launcher: ChildProcess) {}

  /** @param env environment variables besides the credentials of the WeCom bot */
  static async start(
    env: Record<string, string>, { preload, database }: ShippedOptions = {},
  ): Promise<ShippedInstance> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'))
    for (const file of ['package.json', 'koishi.yml']) await cp(join(root, file), join(folder, file))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    if (database) await cp(database, join(folder, 'data/koishi.db'))
    const port = await freePort()
    const { PATH, HOME } = process.env
    const startedAt = performance.now()
    const launcher = spawn(process.execPath, [join(root, 'lib/start.js')], {
      cwd: folder,
      env: {
        PATH, HOME, PORT: String(port), WECOM_BOT_TOKEN: TOKEN, WECOM_BOT_ENCODING_AES_KEY: AES_KEY,
        BENCH_COUNTS: join(folder, 'counts'), BENCH_PROFILE: join(folder, 'profile'),
        ...preload && { NODE_OPTIONS: `-r ${join(__dirname, '../servers', preload)}` },
        ...env,
      },
      stdio: ['ignore', process.env.BENCH_LOG ? 'inherit' : 'ignore', 'inherit'],
    })
    const instance = new ShippedInstance(folder, port, launcher)
    while (!await fetch(`http://127.0.0.1:${port}/api/wecom/callback`).then(() => true, () => false)) {
      if (launcher.exitCode !== null) throw new Error(`the instance exited with ${launcher.exitCode}`)
      if (performance.now() - startedAt > START_TIMEOUT_MS) throw new Error('the instance did not start')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    instance.startTime = performance.now() - startedAt
    return instance
  }

  /** CPU time of the worker in seconds, and resident memory of launcher and worker in MB. */
  async usage(): Promise<{ cpu: number, memory: number }> {
    const worker = await this.workerPid()
    const fields = (await readFile(`/proc/${worker}/stat`, 'utf8')).split(') ')[1]!.split(' ')
    let memory = 0
    for (const pid of [this.launcher.pid!, worker]) {
      memory += Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
    }
    return { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, memory }
  }

  /** Needs `count.cjs`. */
  async counts(): Promise<Counts> {
    return JSON.parse(await this.written('counts'))
  }

  /** Profiles the CPU of the worker while something runs. Needs `profile.cjs`. */
  async profile(run: () => Promise<unknown>): Promise<CpuProfile> {
    process.kill(await this.workerPid(), 'SIGUSR2')
    await run()
    return JSON.parse(await this.written('profile'))
  }

  /** What the worker writes to a file when it receives SIGUSR2. */
  private async written(name: string): Promise<string> {
    const file = join(this.folder, name)
    await rm(file, { force: true })
    process.kill(await this.workerPid(), 'SIGUSR2')
    for (;;) {
      const text = await readFile(file, 'utf8').catch(() => '')
      if (text) return text
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  async stop() {
    const exit = once(this.launcher, 'exit')
    this.launcher.kill('SIGTERM')
    await exit
    await rm(this.folder, { recursive: true, force: true })
  }

  private async workerPid(): Promise<number> {
    const { pid } = this.launcher
    const children: string[] = []
    for (const task of await readdir(`/proc/${pid}/task`)) {
      children.push(...(await readFile(`/proc/${pid}/task/${task}/children`, 'utf8')).trim().split(' ').filter(Boolean))
    }
    if (children.length !== 1) throw new Error(`the launcher has ${children.length} child processes instead of one`)
    return Number(children[0])
  }
}

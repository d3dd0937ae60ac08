import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { freePort } from 'testkit'

export const root = resolve(__dirname, '../..')

const preload = [require.resolve('esbuild-register'), require.resolve('yml-register'), join(root, 'scripts/register-sources.ts')]

/** Well-formed credentials that belong to no bot. */
export const wecom = { WECOM_BOT_TOKEN: 'spec-token', WECOM_BOT_ENCODING_AES_KEY: 'k'.repeat(43) }

export interface InstanceOptions {
  env?: Record<string, string>
  /** Files to create beside koishi.yml. */
  files?: Record<string, string>
  /** Lines to append to the last group of koishi.yml. */
  plugins?: string
  /** Starts through a shell, as npm does; `process` is then the shell. */
  npm?: boolean
  /** Reuses the folder and port of an earlier instance. */
  after?: Instance
}

/** The instance as a child process in a temporary folder. */
export class Instance {
  output = ''
  code: number | null = null
  exited: Promise<number | null>
  /** Of a process that was ended by a signal `code` stays null. */
  private hasClosed = false

  private constructor(public folder: string, public port: number, public process: ChildProcess) {
    for (const stream of [process.stdout!, process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.output += text)
    }
    this.exited = once(process, 'close').then(([code]) => {
      this.hasClosed = true
      return this.code = code
    })
  }

  static async start({ env = {}, files = {}, plugins = '', npm, after }: InstanceOptions = {}): Promise<Instance> {
    const folder = after?.folder ?? await mkdtemp(join(tmpdir(), 'instance-'))
    await cp(join(root, 'package.json'), join(folder, 'package.json'))
    await writeFile(join(folder, 'koishi.yml'), await readFile(join(root, 'koishi.yml'), 'utf8') + plugins)
    for (const name in files) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), files[name])
    }
    const port = Number(env.PORT) || after?.port || await freePort()
    const { PATH, HOME, NODE_OPTIONS } = globalThis.process.env
    const command = [process.execPath, ...preload.flatMap(file => ['-r', file]), join(root, 'bin/start.ts')]
    if (npm) command.unshift('/bin/sh', '-c', '"$@"; exit $?', 'sh')
    const child = spawn(command[0], command.slice(1), {
      cwd: folder,
      env: { PATH, HOME, NODE_OPTIONS, PORT: String(port), ...npm && { npm_lifecycle_event: 'start' }, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new Instance(folder, port, child)
  }

  /** Waits for a text in the output. */
  async prints(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.hasClosed) throw new Error(`exited with ${this.code} before printing "${text}":\n${this.output}`)
      await Promise.race([once(this.process.stdout!, 'data'), this.exited])
    }
  }

  /** Waits until the instance is ready. */
  async ready(): Promise<this> {
    await this.prints('Ready.')
    return this
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { headers, redirect: 'manual' })
  }

  /** Opens a WebSocket without a client library. Rejects with the status if the server refuses. */
  async upgrade(path: string, headers: Record<string, string> = {}): Promise<Socket> {
    const client = request({
      host: '127.0.0.1',
      port: this.port,
      path,
      headers: {
        connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'), ...headers,
      },
    }).end()
    return new Promise((resolve, reject) => {
      client.on('upgrade', (_, socket, head) => {
        socket.unshift(head)
        resolve(socket as Socket)
      })
      client.on('response', response => reject(new Error(`refused with ${response.statusCode}`)))
      client.on('error', reject)
    })
  }

  /** The child of `process`: the worker, or the launcher if `process` is a shell. */
  async workerPid(): Promise<number> {
    const { pid } = this.process
    return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim())
  }

  /**
   * Logs in to the console with the password, or with the latest one-time link.
   * @returns the cookie
   */
  async login(password?: string, origin = ''): Promise<string> {
    if (password === undefined) await this.prints('One-time link to the console')
    const [token] = this.output.match(/(?<=login\?token=)[\w-]+/g)?.slice(-1) ?? []
    const response = await fetch(`http://127.0.0.1:${this.port}/console/login`, {
      method: 'POST',
      body: new URLSearchParams(password === undefined ? { token: token! } : { password }),
      headers: origin ? { origin } : {},
      redirect: 'manual',
    })
    if (response.status !== 303) throw new Error(`the login failed with status ${response.status}`)
    return response.headers.get('set-cookie')!.split(';', 1)[0]
  }

  file(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8')
  }

  /** Stops the process if it is running, and removes its folder. */
  async close(): Promise<void> {
    if (this.code === null && this.process.signalCode === null) this.process.kill('SIGTERM')
    await this.exited
    await rm(this.folder, { recursive: true, force: true })
  }
}

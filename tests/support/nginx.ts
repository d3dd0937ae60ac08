import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from 'testkit'

const START_TIMEOUT_MS = 30_000

/** nginx with a temporary configuration, listening on 127.0.0.1. */
export class Nginx {
  private constructor(readonly folder: string, readonly origin: string, private readonly process: ChildProcess) {}

  /**
   * @param server directives for the `server` block
   * @param http directives for the `http` block
   * @throws {Error} with nginx's error log, if it does not start
   */
  static async start(server: string, http = ''): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'nginx-'))
    const port = await freePort()
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map(name => `${name}_temp_path ${folder}/${name};`)
    await writeFile(join(folder, 'nginx.conf'), `
      ${process.getuid!() === 0 ? 'user root;' : ''}
      daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
      events {}
      http {
        access_log off; ${folders.join(' ')} ${http}
        server { listen 127.0.0.1:${port}; root ${folder}/empty; ${server} }
      }
    `)
    const child = spawn('nginx', ['-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`], { stdio: 'ignore' })
    const nginx = new Nginx(folder, `http://127.0.0.1:${port}`, child)
    for (let waited = 0; waited < START_TIMEOUT_MS && child.exitCode === null; waited += 20) {
      if (await fetch(`${nginx.origin}/`, { redirect: 'manual' }).catch(() => null)) return nginx
      await sleep(20)
    }
    const log = await nginx.errorLog()
    await nginx.close()
    throw new Error(log)
  }

  errorLog(): Promise<string> {
    return readFile(join(this.folder, 'error.log'), 'utf8')
  }

  /** Stops nginx and removes its files. */
  async close() {
    if (this.process.exitCode === null) {
      this.process.kill('SIGTERM')
      await once(this.process, 'exit')
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}

import Server from '@koishijs/plugin-server'
import type { ForkScope } from 'koishi'
import { Context, HTTP } from 'koishi'
import { freePort } from 'testkit'

/** Koishi with its server and nothing else, in this process. */
export class KoishiServer {
  private constructor(readonly app: Context, private readonly fork: ForkScope, readonly port: number) {}

  /** @param load loads what is tested */
  static async start(load: (app: Context) => void): Promise<KoishiServer> {
    const app = new Context()
    const port = await freePort()
    app.plugin(HTTP as never)
    const fork = app.plugin(Server, { host: '127.0.0.1', port })
    load(app)
    await app.start()
    return new KoishiServer(app, fork, port)
  }

  /** Replaces the server by a new one on the same port. */
  reload() {
    this.fork.update({ host: '127.0.0.1', port: this.port }, true)
  }

  async stop() {
    // The server cannot close after Koishi's own services are gone.
    this.fork.dispose()
    await this.app.stop()
  }
}

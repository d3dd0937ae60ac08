import { once } from 'node:events'
import Sqlite from '@koishijs/plugin-database-sqlite'
import { HTTP } from '@koishijs/plugin-http'
import Server from '@koishijs/plugin-server'
import { Context, Logger } from 'koishi'
import { freePort } from 'testkit'

// What is logged is no part of what is measured.
Logger.targets.splice(0)

/**
 * Starts a Koishi instance with all that the two sides of a comparison have in common.
 * @param load loads what they have not
 * @returns its port
 */
export async function startApp(database = false, load: (ctx: Context) => void): Promise<number> {
  const ctx = new Context()
  ctx.plugin(Server, { host: '127.0.0.1', port: await freePort() })
  ctx.plugin(HTTP as never)
  if (database) ctx.plugin(Sqlite as never, { path: ':memory:' })
  load(ctx)
  await ctx.start()
  await new Promise<void>(resolve => void ctx.inject(database ? ['server', 'database'] : ['server'], () => resolve()))
  // While the other side has its turn, connections wait.
  ctx.server._http.keepAliveTimeout = 60_000
  if (!ctx.server._http.listening) await once(ctx.server._http, 'listening')
  return ctx.server.port
}

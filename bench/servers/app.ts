import { once } from 'node:events'
import Sqlite from '@koishijs/plugin-database-sqlite'
import { HTTP } from '@koishijs/plugin-http'
import Server from '@koishijs/plugin-server'
import { Context, Logger } from 'koishi'
import { freePort } from 'testkit'
import { slimMiddlewareChain } from '../../bin/instance/koishi/middleware-chain'
import { speedUpServiceAccess } from '../../bin/instance/koishi/service-access'
import { speedUpQueries } from '../../bin/instance/koishi/queries'

// As the instance ships.
speedUpServiceAccess()
slimMiddlewareChain()
speedUpQueries()
// Logging is not part of what is measured.
Logger.targets.splice(0)

/**
 * Starts a Koishi instance with what both sides of a comparison have in common.
 * @param database whether to load SQLite, in memory
 * @param load loads everything else
 * @returns the port
 */
export async function startApp(database = false, load: (ctx: Context) => void): Promise<number> {
  const ctx = new Context()
  ctx.plugin(Server, { host: '127.0.0.1', port: await freePort() })
  ctx.plugin(HTTP as never)
  if (database) ctx.plugin(Sqlite as never, { path: ':memory:' })
  load(ctx)
  await ctx.start()
  await new Promise<void>(resolve => void ctx.inject(database ? ['server', 'database'] : ['server'], () => resolve()))
  // Connections are idle while the other side is measured.
  ctx.server._http.keepAliveTimeout = 60_000
  if (!ctx.server._http.listening) await once(ctx.server._http, 'listening')
  return ctx.server.port
}

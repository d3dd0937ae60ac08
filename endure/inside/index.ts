/**
 * Runs inside the instance: preloaded with `-r`, so that it controls time and files before anything else is loaded, and
 * listed in koishi.yml as a plugin, so that it can interfere with the other plugins. Both load the same module.
 */
import type { Context } from 'koishi'
import { startControl } from './control'
import { failDatabase } from './database'
import { failWrites } from './files'
import { ThrowingPlugin } from './throwing'
import { disposePlugin, restorePlugin, updatePlugin } from './plugins'
import { passTime, setClock } from './time'
import { usage } from './usage'

export const name = 'endure'

export function apply(ctx: Context) {
  const throwing = new ThrowingPlugin(ctx)
  const stop = startControl(process.env.ENDURE_SOCKET!, {
    usage: () => usage(ctx),
    clock: setClock,
    pass: passTime,
    files: failWrites,
    database: failure => failDatabase(ctx, failure),
    dispose: key => disposePlugin(ctx, key),
    restore: key => restorePlugin(ctx, key),
    update: change => updatePlugin(ctx, change),
    throw: place => throwing.arm(place),
    log: (lines) => {
      const logger = ctx.logger('endure')
      for (let line = 0; line < lines; line++) logger.info('line %d of a busy day', line)
    },
    logLine: text => ctx.logger('endure').info(text),
    async refreshToken() {
      for (const bot of ctx.bots as unknown as { platform: string, refreshToken(): Promise<void> }[]) {
        if (bot.platform === 'dingtalk') await bot.refreshToken()
      }
    },
  })
  ctx.on('dispose', stop)
}

import { SystemClock } from 'common/time'
import type { Context } from 'koishi'
import { Config } from './config'
import { createService } from './create-service'

export { Config }
export type * from 'common/shared-state'

export const name = 'shared-state'

/** Provides `ctx.sharedState`. */
export function apply(ctx: Context, config: Config) {
  const logger = ctx.logger('shared-state')
  const clock = new SystemClock()
  const { service, close } = createService(config, clock, logger)
  ctx.set('sharedState', service)
  // A start waits until this instance knows the others, or that the server does not answer.
  ctx.on('ready', () => service.start())
  // Plugins finish what they have begun, and leave what is new to the other instances.
  ctx.on('exit', () => service.leave())
  ctx.on('dispose', async () => {
    await close()
    clock.dispose()
  })
}

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
  ctx.on('ready', async () => {
    await service.start()
    const { instances, isShared, isDegraded } = service
    if (isShared && !isDegraded) logger.info('%d instances share their state: %s', instances.length, instances.join(', '))
  })
  ctx.on('dispose', async () => {
    await close()
    clock.dispose()
  })
}

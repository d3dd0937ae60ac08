import type { Context } from 'koishi'
import { applyAccounts, declareTable, parseAccount } from './accounts'
import { Config } from './config'

export { Config }

export const name = 'operators'
export const inject = { database: { required: false } }

/** A database that failed is tried again after so long. */
const RETRY_MS = 60_000

export function apply(ctx: Context, config: Config) {
  declareTable(ctx)
  const logger = ctx.logger('operators')
  for (const account of config.accounts) {
    if (!parseAccount(account)) {
      logger.warn('account %s is ignored: write platform:user id, e.g. wecom-bot:ZhangSan or dingtalk:012345', account)
    }
  }

  async function update(ctx: Context) {
    try {
      const { added, removed } = await applyAccounts(ctx, config.accounts, config.authority)
      if (added.length) logger.info('operators from now on: %s', added.join(', '))
      if (removed.length) logger.info('no longer operators: %s', removed.join(', '))
    } catch (error) {
      const reason = error instanceof Error ? error.message.split('\n', 1)[0] : error
      logger.warn('could not set the authority of the operators, trying again in %d s: %s', RETRY_MS / 1000, reason)
      ctx.setTimeout(() => void update(ctx), RETRY_MS)
    }
  }

  // Once more whenever a database comes back.
  ctx.inject(['database'], ctx => void update(ctx))
}

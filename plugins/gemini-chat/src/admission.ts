import type { Session } from 'koishi'
import { hasAuthority } from './authority'
import type { Core } from './core'
import { describe } from './failure'
import { channelOf, userOf } from './statement'
import type { Message } from './text'

/**
 * Decides whether a message may be answered, as far as the settings limit that.
 * @returns what to say when it may not
 */
export async function admit({ config, ctx, limits, logger }: Core, session: Session): Promise<Message | undefined> {
  try {
    if (!await hasAuthority(ctx, session, config.authority)) return ['limits.authority']
    const channel = session.isDirect ? undefined : channelOf(session)
    return await limits.admit({ user: userOf(session), channel })
  } catch (error) {
    logger.warn('the limits could not be checked: %s', describe(error))
    // A failing database costs no answer; but whom it does not know, it lets in nowhere.
    return config.authority ? ['errors.unknown'] : undefined
  }
}

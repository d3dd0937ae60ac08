import type { Session } from 'koishi'
import { hasAuthority } from './authority'
import type { ChatContext } from './context'
import { describeError } from 'common/errors'
import { channelOf, userOf } from '../usage/usage-store'
import type { Message } from '../messages/i18n'

/**
 * Decides whether somebody may talk to the bot.
 * @returns what to say when not
 */
export async function checkAuthority(
  { config, ctx, logger }: ChatContext, session: Session,
): Promise<Message | undefined> {
  try {
    if (!await hasAuthority(ctx, session, config.authority)) return ['limits.authority']
  } catch (error) {
    logger.warn('the authority could not be checked: %s', describeError(error))
    return ['errors.unknown']
  }
}

/**
 * Decides whether a message may be answered, as far as the settings limit that.
 * @returns what to say when it may not
 */
export async function checkAdmission(context: ChatContext, session: Session): Promise<Message | undefined> {
  const { rateLimits, logger } = context
  const refusal = await checkAuthority(context, session)
  if (refusal) return refusal
  try {
    const channel = session.isDirect ? undefined : channelOf(session)
    return await rateLimits.admit({ user: userOf(session), channel })
  } catch (error) {
    logger.warn('the limits could not be checked: %s', describeError(error))
    // A failing database costs no answer.
  }
}

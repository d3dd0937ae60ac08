import type { Session } from 'koishi'
import { hasAuthority } from '../util/authority'
import type { ChatContext } from './context'
import { describeError } from 'common/errors'
import { channelOf, userOf } from '../usage/usage-store'
import type { Message } from '../messages/i18n'

/**
 * Checks whether a person has the authority to talk to the bot.
 * @returns the refusal, if they have not or the database fails
 */
export async function checkAuthority(
  { config, ctx, logger }: ChatContext, session: Session,
): Promise<Message | undefined> {
  try {
    if (!await hasAuthority(ctx, session, config.authority)) return ['limits.authority']
  } catch (error) {
    logger.warn('could not check authority: %s', describeError(error))
    return ['errors.unknown']
  }
}

/**
 * Checks authority, message rate and token limits of a message. If the database fails, the limits do not apply.
 * @returns the refusal, if one of them is exceeded
 */
export async function checkAdmission(context: ChatContext, session: Session): Promise<Message | undefined> {
  const { rateLimits, logger } = context
  const refusal = await checkAuthority(context, session)
  if (refusal) return refusal
  try {
    const channel = session.isDirect ? undefined : channelOf(session)
    return await rateLimits.admit({ user: userOf(session), channel })
  } catch (error) {
    logger.warn('could not check usage limits, answering anyway: %s', describeError(error))
  }
}

import { describeError } from 'common/errors'
import { h } from 'koishi'
import type { Session } from 'koishi'
import type { Picture } from '../answer/reply'
import { traitsOf } from '../delivery/platforms'
import { localize } from '../messages/i18n'
import type { ChatContext } from './context'

/** Whether pictures can follow an answer: not where a message can be answered only once. */
export function takesPictures({ bot }: Session): boolean {
  return !traitsOf(bot.platform).isAnsweredOnce
}

/**
 * Sends the pictures of an answer, each in a message of its own. How a picture travels is up to the adapter; where it
 * cannot, one sentence says so. Never throws.
 */
export async function sendPictures({ logger }: ChatContext, session: Session, pictures: readonly Picture[]) {
  const { bot, channelId, event: { referrer } } = session
  const send = (elements: h[]) => bot.sendMessage(channelId!, elements, referrer, { session })
  try {
    for (const { mimeType, data } of pictures) await send([h.image(Buffer.from(data, 'base64'), mimeType)])
  } catch (error) {
    logger.warn('could not send a picture of an answer: %s', describeError(error))
    await send(localize(session, 'picture.failed')).catch((error) => {
      logger.warn('could not tell that a picture is missing: %s', describeError(error))
    })
  }
}

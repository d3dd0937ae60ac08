import type { Context, Session } from 'koishi'

type Sender = Pick<Session, 'platform' | 'userId'> & { event: Pick<Session['event'], 'user'> }

/** Whether a message comes from a bot: one that the platform marks, or another of the same Koishi. */
export function isFromBot({ bots }: Pick<Context, 'bots'>, { platform, userId, event }: Sender): boolean {
  return !!event.user?.isBot || [...bots].some(bot => bot.platform === platform && bot.selfId === userId)
}

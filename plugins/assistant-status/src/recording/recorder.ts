import type { Context, Session } from 'koishi'
import type { ActivityStore } from '../storage/activity-store'
import type { Rating, RatingStore } from '../storage/rating-store'
import { countsOf, placesOf } from './outcome'
import type { Outcome } from './outcome'
import { Questions } from './questions'

/** A rating as koishi-plugin-adapter-wecom-bot tells it. */
interface WecomFeedback {
  userId: string
  feedback: { id: string, opinion: 'like' | 'dislike' | 'withdrawn', text: string, reasons: number[] }
}

const OPINIONS = { like: 'good', dislike: 'bad', withdrawn: 'withdrawn' } as const

export interface RecorderOptions {
  activity: Pick<ActivityStore, 'add'>
  ratings: Pick<RatingStore, 'save'>
  /** Whether texts of people may be stored. */
  keepsText(): boolean
}

/** Listens to an event of a plugin that may not be installed. */
function listen<T extends unknown[]>(ctx: Context, event: string, listener: (...args: T) => void) {
  ctx.on(event as never, listener as never)
}

/** Counts how questions end, and stores ratings. */
export function record(ctx: Context, { activity, ratings, keepsText }: RecorderOptions) {
  const questions = new Questions()

  const save = (rating: Omit<Rating, 'question'>) => {
    const question = keepsText() ? questions.of(rating.platform, rating.answer) : ''
    void ratings.save({ ...rating, comment: keepsText() ? rating.comment : '', question })
  }

  listen(ctx, 'gemini/outcome', (outcome: Outcome, session: Session) => {
    activity.add(placesOf(outcome, session), countsOf(outcome))
  })
  ctx.on('before-send', (reply, { session } = {}) => {
    if (session && keepsText()) questions.replying(reply, session)
  })
  ctx.on('send', reply => questions.sent(reply))
  listen(ctx, 'wecom-bot/feedback', ({ userId, feedback }: WecomFeedback) => {
    const { id, opinion, reasons, text } = feedback
    save({ platform: 'wecom-bot', answer: id, user: userId, opinion: OPINIONS[opinion], reasons, comment: text })
  })
  listen(ctx, 'dingtalk-companion/feedback', (session: Session, rating: { isGood: boolean, messageId: string }) => {
    const { platform, userId = '' } = session
    const opinion = rating.isGood ? 'good' : 'bad'
    save({ platform, answer: rating.messageId, user: userId, opinion, reasons: [], comment: '' })
  })
}

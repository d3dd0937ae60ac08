import { LruMap } from 'common/collections'
import type { Session } from 'koishi'

/** Questions that are remembered, so that they can be stored when their answers are rated. */
const CAPACITY = 2000

/** Messages that are being sent. */
const MAX_SENDING = 1000

/** Longest text that is remembered. */
const MAX_LENGTH = 500

type Message = Pick<Session, 'id' | 'platform' | 'elements' | 'messageId' | 'event'>

/** Remembers, in memory, which question an answer belongs to. */
export class Questions {
  /** By platform and what the platform calls the answer. */
  private readonly byAnswer = new LruMap<string, string>({ capacity: CAPACITY })
  /** By id of the session of the message that is being sent. */
  private readonly sending = new LruMap<number, string>({ capacity: MAX_SENDING })

  /** A reply to `question` is about to be sent. */
  replying(reply: Message, question: Message) {
    const text = textOf(question)
    this.sending.set(reply.id, text)
    // WeCom knows the answer by its turn.
    const turn: unknown = question.event.referrer?.turn
    if (typeof turn === 'string') this.byAnswer.set(idOf(question.platform, turn), text)
  }

  /** A message has been sent. */
  sent(reply: Message) {
    const text = this.sending.get(reply.id)
    if (text === undefined || !reply.messageId) return
    this.byAnswer.set(idOf(reply.platform, reply.messageId), text)
  }

  /** The question of an answer; empty if it is not known. */
  of(platform: string, answer: string): string {
    return this.byAnswer.get(idOf(platform, answer)) ?? ''
  }
}

function idOf(platform: string, answer: string) {
  return JSON.stringify([platform, answer])
}

function textOf({ elements = [] }: Message): string {
  const texts = elements.filter(({ type }) => type === 'text').map(({ attrs }) => String(attrs.content))
  return texts.join('').trim().slice(0, MAX_LENGTH)
}

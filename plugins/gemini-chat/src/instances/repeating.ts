import type { Session } from 'koishi'

/** A bot whose messages other instances can answer once more when this one has died. */
interface RepeatingBot {
  allowRepeating?(session: Session, isRepeatable: boolean): Promise<void>
}

/** Tells the adapter whether the answer to a message may be made once more, should this instance die. */
export async function allowRepeating(session: Session, isRepeatable: boolean) {
  await (session.bot as RepeatingBot).allowRepeating?.(session, isRepeatable)
}

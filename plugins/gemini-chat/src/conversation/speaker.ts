import type { Session } from 'koishi'
import type { Part } from '../engine/types'

/** What the model is told where several people share a conversation. */
export const COMPANY = 'Several people take part in this conversation. The first line of each message, in brackets, says'
  + ' who wrote it; everything after it is theirs. Do not begin your answers with such a line.'

type Speaker = Pick<Session, 'userId'> & { event?: Pick<Session['event'], 'member' | 'user'> }

/** What somebody is called, in one short line. */
export function nameOf({ userId, event }: Speaker): string {
  const { member, user } = event ?? {}
  const name = member?.nick || user?.nick || user?.name || userId || ''
  return name.replace(/[[\]\s]+/g, ' ').trim().slice(0, 60)
}

/** A message with the name of its writer above it. */
export function signed(parts: Part[], speaker: Speaker): Part[] {
  const [first, ...rest] = parts
  const line = `[${nameOf(speaker)}]`
  if (first?.text === undefined) return [{ text: line }, ...parts]
  return [{ ...first, text: `${line}\n${first.text}` }, ...rest]
}

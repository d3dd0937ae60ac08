import type { Session } from 'koishi'
import type { Part } from '../engine/types'
import { localDay } from '../util/local-time'

/** The variables of a system prompt: `{date}`, `{user}` and `{platform}`. */
export interface PromptVariables {
  date: Date
  user: string
  platform: string
}

/**
 * Fills in the variables of a system prompt.
 * @returns undefined if the prompt is blank
 */
export function fillSystemPrompt(prompt: string, { date, user, platform }: PromptVariables): string | undefined {
  const values: Record<string, string> = {
    // The day without the time: implicit caching needs requests that begin alike.
    date: localDay(date.getTime()),
    user: user.replace(/\s+/g, ' ').slice(0, 60),
    platform,
  }
  return prompt.replace(/\{(date|user|platform)\}/g, (_, name) => values[name]).trim() || undefined
}

/** Added to the system prompt where several people share a conversation. */
export const SEVERAL_SPEAKERS_PROMPT = 'Several people take part in this conversation. The first line of each message, in brackets, says'
  + ' who wrote it; everything after it is theirs. Do not begin your answers with such a line.'

type Speaker = Pick<Session, 'userId'> & { event?: Pick<Session['event'], 'member' | 'user'> }

/** The name of a person in one line of at most 60 characters, without brackets. */
export function speakerName({ userId, event }: Speaker): string {
  const { member, user } = event ?? {}
  const name = member?.nick || user?.nick || user?.name || userId || ''
  return name.replace(/[[\]\s]+/g, ' ').trim().slice(0, 60)
}

/** Puts the name of its author above a message. */
export function labelSpeaker(parts: Part[], speaker: Speaker): Part[] {
  const [first, ...rest] = parts
  const line = `[${speakerName(speaker)}]`
  if (first?.text === undefined) return [{ text: line }, ...parts]
  return [{ ...first, text: `${line}\n${first.text}` }, ...rest]
}

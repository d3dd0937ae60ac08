import type { Session } from 'koishi'
import { sentence } from '../messages/i18n'
import type { Refused } from './attach'
import type { Reason } from './error'

const reasons: Reason[] = ['type', 'size', 'unreachable']

/**
 * Names the files that did not become part of a question, in one line.
 * @param sizes in MB, as the settings have them; 0 of a file means that none are looked at
 */
export function noticeOf(
  refused: readonly Refused[], session: Session, sizes: { limit: number, total: number },
): string {
  const say = (path: string, names: string[]) => {
    return sentence(session, `media.${path}`, { ...sizes, names: names.join(sentence(session, 'media.comma')) })
  }
  const nameOf = ({ kind, name }: Refused) => name ?? sentence(session, `media.${kind}`)
  if (refused.length && !sizes.limit) return say('off', refused.map(nameOf))
  return reasons.flatMap((reason) => {
    const names = refused.filter(file => file.reason === reason).map(nameOf)
    return names.length ? say(reason, names) : []
  }).join('')
}

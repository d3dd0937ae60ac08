import type { Session } from 'koishi'
import { localizeText } from '../messages/i18n'
import type { RejectedFile } from './attach'
import type { MediaErrorReason } from './error'

const reasons: MediaErrorReason[] = ['type', 'size', 'expired', 'undecryptable', 'unreachable']

/**
 * One line that names the files left out of a question, and why; empty if there are none.
 * @param sizes limits of one file and of all files, in MB; a `limit` of 0 means that files are switched off
 */
export function rejectedFilesNotice(
  refused: readonly RejectedFile[], session: Session, sizes: { limit: number, total: number },
): string {
  const say = (path: string, names: string[], limit = sizes.limit) => {
    return localizeText(session, `media.${path}`, { ...sizes, limit, names: names.join(localizeText(session, 'media.comma')) })
  }
  const nameOf = ({ kind, name }: RejectedFile) => name ?? localizeText(session, `media.${kind}`)
  if (refused.length && !sizes.limit) return say('off', refused.map(nameOf))
  return reasons.flatMap((reason) => {
    const files = refused.filter(file => file.reason === reason)
    // The adapter may accept less than this plugin.
    const limits = files.flatMap(({ limit }) => limit ? Math.floor(limit / 1048576) : [])
    return files.length ? say(reason, files.map(nameOf), Math.min(sizes.limit, ...limits)) : []
  }).join('')
}

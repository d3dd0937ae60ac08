import type { Session } from 'koishi'
import { Reply } from './reply'
import { Annotations } from './annotations'
import { localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** What people read of one exchange: the answer, what stands before it, and what stands below. */
export class AnswerLayout {
  readonly reply = new Reply()
  readonly annotations = new Annotations()
  /** What is said ahead of the answer. */
  preface = ''
  /** What is said below it, such as which files were not looked at. */
  readonly notes: string[] = []

  constructor(private readonly session: Session) {}

  /** What there is to read so far. */
  get partial(): string {
    const { annotations, preface, reply } = this
    return [preface, annotations.before + reply.text].filter(Boolean).join('\n\n')
  }

  /**
   * All there is to read in the end.
   * @param notice how the answer ended, or why there is none
   */
  complete(notice?: Message): string {
    const { partial, annotations, notes, session } = this
    const after = annotations.after(name => localizeText(session, name))
    const below = [after, ...notes, notice && localizeText(session, ...notice)].filter(Boolean)
    return below.length ? [partial.trimEnd(), ...below].filter(Boolean).join('\n\n') : partial
  }
}

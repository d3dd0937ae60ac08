import type { Session } from 'koishi'
import { Reply } from './reply'
import { Annotations } from './annotations'
import { localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** The full text of an exchange: preface, thoughts, answer, sources and notes. */
export class AnswerLayout {
  readonly reply = new Reply()
  readonly annotations = new Annotations()
  /** Notices before the answer. */
  preface = ''
  /** Lines below the answer, such as which files were left out. */
  readonly notes: string[] = []

  constructor(private readonly session: Session) {}

  /** The text so far. */
  get partial(): string {
    const { annotations, preface, reply } = this
    return [preface, annotations.before + reply.text].filter(Boolean).join('\n\n')
  }

  /**
   * The final text.
   * @param notice how the answer ended, or why there is none
   */
  complete(notice?: Message): string {
    const { partial, annotations, notes, session } = this
    const after = annotations.after(name => localizeText(session, name))
    const below = [after, ...notes, notice && localizeText(session, ...notice)].filter(Boolean)
    return below.length ? [partial.trimEnd(), ...below].filter(Boolean).join('\n\n') : partial
  }
}

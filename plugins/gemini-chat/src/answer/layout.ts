import type { Session } from 'koishi'
import { Reply } from './reply'
import { Margin } from './annotations'
import { sentence } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** What people read of one exchange: the answer, what stands before it, and what stands below. */
export class Sheet {
  readonly reply = new Reply()
  readonly margin = new Margin()
  /** What is said ahead of the answer. */
  preface = ''
  /** What is said below it, such as which files were not looked at. */
  readonly notes: string[] = []

  constructor(private readonly session: Session) {}

  /** What there is to read so far. */
  get grown(): string {
    const { margin, preface, reply } = this
    return [preface, margin.before + reply.text].filter(Boolean).join('\n\n')
  }

  /**
   * All there is to read in the end.
   * @param notice how the answer ended, or why there is none
   */
  compile(notice?: Message): string {
    const { grown, margin, notes, session } = this
    const after = margin.after(name => sentence(session, name))
    const below = [after, ...notes, notice && sentence(session, ...notice)].filter(Boolean)
    return below.length ? [grown.trimEnd(), ...below].filter(Boolean).join('\n\n') : grown
  }
}

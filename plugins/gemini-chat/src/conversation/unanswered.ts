import type { Content } from '../engine/types'
import { isReference } from '../media/reference'

/** The last question of a conversation, where it found no answer: it can be put again. */
export class UnansweredQuestions {
  private readonly questions = new Map<string, Content>()
  private readonly capacity: number
  private readonly maxChars: number

  /**
   * @param options.capacity how many conversations are remembered
   * @param options.room how many characters their questions may have together; the newest is kept in any case
   */
  constructor({ capacity = 100, room = 64 << 20 } = {}) {
    this.capacity = capacity
    this.maxChars = room
  }

  get(key: string): Content | undefined {
    return this.questions.get(key)
  }

  /** @param question nothing: it was answered, or taken back */
  set(key: string, question?: Content) {
    this.questions.delete(key)
    if (!question) return
    this.questions.set(key, question)
    let size = [...this.questions.values()].reduce((sum, question) => sum + sizeOf(question), 0)
    for (const [oldest, { parts }] of this.questions) {
      if (oldest === key || (this.questions.size <= this.capacity && size <= this.maxChars)) break
      this.questions.delete(oldest)
      size -= sizeOf({ parts })
    }
  }
}

/** What is in a message by itself, such as `data:` addresses, may be large. */
function sizeOf({ parts }: Pick<Content, 'parts'>) {
  return parts.reduce((sum, part) => sum + (isReference(part) ? part.reference.src : part.text ?? '').length, 0)
}

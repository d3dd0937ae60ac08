import { LruMap } from 'common/collections'
import type { Content } from '../engine/types'
import { isReference } from '../media/reference'

/** The last question of each conversation that got no answer, so that it can be asked again. */
export class UnansweredQuestions {
  private readonly questions: LruMap<string, Content>

  /**
   * @param options.capacity most conversations
   * @param options.room most characters of all questions together; the newest question is kept in any case
   */
  constructor({ capacity = 100, room = 64 << 20 } = {}) {
    this.questions = new LruMap({ capacity, maxSize: room, sizeOf })
  }

  get(key: string): Content | undefined {
    return this.questions.peek(key)
  }

  /** @param question `undefined` where it was answered, or taken back */
  set(key: string, question?: Content) {
    if (question) this.questions.set(key, question)
    else this.questions.delete(key)
  }
}

/** Characters of a question; a `data:` address in it may be large. */
function sizeOf({ parts }: Content) {
  return parts.reduce((sum, part) => sum + (isReference(part) ? part.reference.src : part.text ?? '').length, 0)
}

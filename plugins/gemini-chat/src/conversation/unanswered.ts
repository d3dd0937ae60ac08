import type { Content } from '../engine/types'

/** The last question of a conversation, where it found no answer: it can be put again. */
export class Unanswered {
  private readonly questions = new Map<string, Content>()

  /** @param capacity how many conversations are remembered */
  constructor(private readonly capacity = 100) {}

  get(key: string): Content | undefined {
    return this.questions.get(key)
  }

  /** @param question nothing: it was answered, or taken back */
  set(key: string, question?: Content) {
    this.questions.delete(key)
    if (!question) return
    this.questions.set(key, question)
    if (this.questions.size <= this.capacity) return
    const [oldest] = this.questions.keys()
    this.questions.delete(oldest)
  }
}

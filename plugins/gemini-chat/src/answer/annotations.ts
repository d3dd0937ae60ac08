import type { EngineEvent } from '../engine/types'
import { AnswerSources } from './sources'

/** So many characters of the thoughts are enough. */
const MAX_THOUGHT_CHARS = 6000

/** What is shown around an answer and is no part of it: thoughts before it, sources below. */
export class Annotations {
  private thoughts = ''
  private readonly sources = new AnswerSources()

  /** Adds to the thoughts. What stands in front must not change any more once there is something behind it. */
  addThought(text: string) {
    if (this.thoughts.length < MAX_THOUGHT_CHARS) this.thoughts = truncate(this.thoughts + text)
  }

  /** A try has failed: what it thought led to nothing. */
  clearThoughts() {
    this.thoughts = ''
  }

  take(event: EngineEvent) {
    if (event.type === 'sources') this.sources.add(event.sources, event.searches)
  }

  /** The thoughts, between tags: adapters that take raw Markdown fold them away or remove them. */
  get before(): string {
    const thoughts = this.thoughts.trim().replace(/<(?=\s*\/?\s*think\b)/gi, '<\u200b')
    return thoughts && `<think>\n${thoughts}\n</think>\n\n`
  }

  /** Markdown. @param label gives a heading in the reader's language */
  after(label: (name: 'sources' | 'queries') => string): string {
    return this.sources.toMarkdown(label)
  }
}

function truncate(text: string) {
  return text.length > MAX_THOUGHT_CHARS ? `${text.slice(0, MAX_THOUGHT_CHARS)}…` : text
}

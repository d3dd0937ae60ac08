import type { EngineEvent } from '../engine/types'
import { AnswerSources } from './sources'

/** Longer thoughts are cut. */
const MAX_THOUGHT_CHARS = 6000

/** What is shown around an answer without being part of it: thoughts before it, sources below. */
export class Annotations {
  private thoughts = ''
  private readonly sources = new AnswerSources()

  /** Adds to the thoughts. Do not call it once text follows them: text that is visible must not move. */
  addThought(text: string) {
    if (this.thoughts.length < MAX_THOUGHT_CHARS) this.thoughts = truncate(this.thoughts + text)
  }

  /** Drops the thoughts of a failed attempt. */
  clearThoughts() {
    this.thoughts = ''
  }

  /** Collects sources. */
  take(event: EngineEvent) {
    if (event.type === 'sources') this.sources.add(event.sources, event.searches)
  }

  /** The thoughts, between tags: adapters that take raw Markdown fold them away or remove them. */
  get before(): string {
    const thoughts = this.thoughts.trim().replace(/<(?=\s*\/?\s*think\b)/gi, '<\u200b')
    return thoughts && `<think>\n${thoughts}\n</think>\n\n`
  }

  /** The sources as Markdown. @param label gives a heading in the reader's language */
  after(label: (name: 'sources' | 'queries') => string): string {
    return this.sources.toMarkdown(label)
  }
}

function truncate(text: string) {
  return text.length > MAX_THOUGHT_CHARS ? `${text.slice(0, MAX_THOUGHT_CHARS)}…` : text
}

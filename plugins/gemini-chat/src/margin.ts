import type { EngineEvent } from './engine/types'
import { Grounding } from './grounding'

/** What is shown around an answer and is no part of it: thoughts before it, sources below. */
export class Margin {
  private thoughts = ''
  private isOver = false
  private readonly grounding = new Grounding()

  /** @param thoughtful whether thoughts are shown */
  constructor(private readonly thoughtful: boolean) {}

  take(event: EngineEvent) {
    // What stands in front must not change any more once there is something behind it.
    if (event.type === 'text') this.isOver = true
    if (event.type === 'thought' && this.thoughtful && !this.isOver) this.thoughts += event.text
    if (event.type === 'grounding') this.grounding.take(event.metadata)
  }

  /**
   * WeCom folds away what stands between these tags.
   * https://developer.work.weixin.qq.com/document/path/101031
   */
  get before(): string {
    const thoughts = this.thoughts.trim().replace(/<(?=\s*\/?\s*think\b)/gi, '<\u200b')
    return thoughts && `<think>\n${thoughts}\n</think>\n\n`
  }

  /** Markdown. @param label gives a heading in the reader's language */
  after(label: (name: 'sources' | 'queries') => string): string {
    return this.grounding.toMarkdown(label)
  }
}

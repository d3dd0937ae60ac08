import type { EngineEvent } from '../engine/types'
import { Grounding } from './sources'

/** So many characters of the thoughts are enough. */
const MOST = 6000

/** What is shown around an answer and is no part of it: thoughts before it, sources below. */
export class Margin {
  private thoughts = ''
  private readonly grounding = new Grounding()

  /** Adds to the thoughts. What stands in front must not change any more once there is something behind it. */
  think(text: string) {
    if (this.thoughts.length < MOST) this.thoughts = cap(this.thoughts + text)
  }

  /** A try has failed: what it thought led to nothing. */
  forget() {
    this.thoughts = ''
  }

  take(event: EngineEvent) {
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

function cap(text: string) {
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text
}

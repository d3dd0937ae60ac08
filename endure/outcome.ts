/** `websocket`: WeCom's long connection. */
export type Platform = 'wecom' | 'websocket' | 'dingtalk'

/** What became of a question. `refused`: the platform could not deliver it, and told the person so. */
export type Ending = 'answer' | 'sentence' | 'refused' | 'nothing'

export interface Outcome {
  platform: Platform
  ending: Ending
  /** The longest time in which the person saw nothing new, in milliseconds. */
  silence: number
  /** What was visible at the end. */
  text: string
}

/** Measures how long a person sees nothing new. */
export class Silence {
  private since = performance.now()
  private longest = 0
  private seen = ''

  /** @param text what is visible now */
  see(text: string) {
    if (text === this.seen) return
    this.longest = this.value
    this.since = performance.now()
    this.seen = text
  }

  get value() {
    return Math.max(this.longest, performance.now() - this.since)
  }
}

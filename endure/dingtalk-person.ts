import type { Dingtalk } from 'testkit'
import { ANSWER } from './gemini'
import type { Ending, Outcome } from './outcome'
import { Silence } from './outcome'

const LOOK_INTERVAL_MS = 50

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** A person in DingTalk, who asks one question at a time and watches messages and cards. */
export class DingtalkPerson {
  /** @param patience how long the person waits for the end of an answer, in milliseconds */
  constructor(
    private readonly dingtalk: Dingtalk, private readonly userId: string, private readonly patience: number,
  ) {}

  async ask(question: string): Promise<Outcome> {
    const { cards, messages } = this.dingtalk
    const silence = new Silence()
    const [firstCard, firstMessage] = [cards.length, messages.length]
    const end = (ending: Ending, text: string): Outcome => ({ platform: 'dingtalk', ending, silence: silence.value, text })
    const giveUp = performance.now() + this.patience
    void this.dingtalk.say(question, { userId: this.userId })
    for (; ; await pause(LOOK_INTERVAL_MS)) {
      const mine = cards.slice(firstCard).filter(({ space }) => space === `IM_ROBOT.${this.userId}`)
      const sent = messages.slice(firstMessage).filter(({ userIds }) => userIds?.includes(this.userId))
      const isOpen = mine.some(({ state }) => state === 'processing' || state === 'typing')
      const text = [...mine.map(({ content }) => content), ...sent.map(({ param }) => String(param.text))].join('\n').trim()
      silence.see(text)
      if (text && !isOpen) return end(text.includes(ANSWER) ? 'answer' : 'sentence', text)
      if (performance.now() > giveUp) return end('nothing', isOpen ? `(open card) ${text}` : text)
    }
  }
}

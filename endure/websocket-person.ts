import type { ShownMessage, WecomGateway } from 'testkit'
import { ANSWER } from './gemini'
import type { Ending, Outcome } from './outcome'
import { Silence } from './outcome'

const LOOK_INTERVAL_MS = 50

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/**
 * A person in WeCom whose bot is on its long connection. WeCom does not repeat a message that the bot did not get: the
 * person asks again when the bot can be reached, as long as nothing of an answer has appeared.
 */
export class WebsocketPerson {
  /** @param patience how long the person waits for the end of an answer, in milliseconds */
  constructor(
    private readonly gateway: WecomGateway, private readonly userId: string, private readonly patience: number,
  ) {}

  async ask(question: string): Promise<Outcome> {
    const { gateway, userId } = this
    const silence = new Silence()
    const before = gateway.messages(userId).length
    const end = (ending: Ending, text: string): Outcome => ({ platform: 'websocket', ending, silence: silence.value, text })
    let askedOn: number | undefined
    for (const giveUp = performance.now() + this.patience; ; await pause(LOOK_INTERVAL_MS)) {
      const shown = gateway.messages(userId).slice(before)
      const isUnseen = !shown.length && gateway.connectionCount !== askedOn
      if (isUnseen && gateway.isSubscribed() && gateway.say(question, { userId })) askedOn = gateway.connectionCount
      const [text, isOpen] = [shown.map(visible).join('\n').trim(), shown.some(({ isFinished }) => !isFinished)]
      silence.see(text)
      if (text && !isOpen) return end(text.includes(ANSWER) ? 'answer' : 'sentence', text)
      if (performance.now() < giveUp) continue
      if (askedOn === undefined) return end('refused', '')
      return end('nothing', isOpen ? `(open bubble) ${text}` : text)
    }
  }
}

function visible({ content }: ShownMessage): string {
  return content.replace(/<think>.*?<\/think>/gs, '')
}

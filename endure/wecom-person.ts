import { WecomClient } from 'testkit'
import type { CallbackResponse, Wecom } from 'testkit'
import { ANSWER } from './gemini'
import type { Ending, Outcome } from './outcome'
import { Silence } from './outcome'

const POLL_INTERVAL_MS = 250
/** WeCom sends a message up to three times. */
const DELIVERIES = 3
const DELIVERY_PAUSE_MS = 1500

export interface WecomPersonOptions {
  url: string
  token: string
  encodingAESKey: string
  wecom: Wecom
  userId: string
  /** How long the person waits for the end of an answer, in milliseconds. WeCom polls for six minutes. */
  patience: number
  /** WeCom's clock. Milliseconds since 1970. */
  now(): number
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

const visible = (content: string) => content.replace(/<think>.*?<\/think>/gs, '').trim()

/** A person in WeCom, who asks one question at a time and watches the bubble until it is complete. */
export class WecomPerson {
  private readonly client: WecomClient

  constructor(private readonly options: WecomPersonOptions) {
    this.client = new WecomClient(options)
  }

  async ask(question: string): Promise<Outcome> {
    const silence = new Silence()
    const before = this.options.wecom.responses.length
    const end = (ending: Ending, text: string): Outcome => ({ platform: 'wecom', ending, silence: silence.value, text })
    const payload = this.client.text(question)
    const first = await this.deliver(payload)
    if (!first) return end('refused', '')
    let { reply } = first
    const { id } = reply?.stream ?? {}
    for (const giveUp = performance.now() + this.options.patience; ; await pause(POLL_INTERVAL_MS)) {
      const { content = '', finish } = reply?.stream ?? {}
      silence.see(visible(content))
      if (id === undefined || finish || performance.now() > giveUp) {
        const text = visible(content) || this.activeReply(before, question)
        if (!text || !(finish || id === undefined)) return end('nothing', text)
        return end(text.includes(ANSWER) ? 'answer' : 'sentence', text)
      }
      reply = (await this.client.poll(id).catch(() => undefined))?.reply ?? reply
    }
  }

  private async deliver(payload: ReturnType<WecomClient['text']>): Promise<CallbackResponse | undefined> {
    for (let delivery = 1; ; delivery++) {
      const response = await this.client.post(payload).catch(() => undefined)
      if (response?.status === 200) return response
      if (delivery === DELIVERIES) return
      await pause(DELIVERY_PAUSE_MS)
    }
  }

  /** What came by `response_url` instead. */
  private activeReply(before: number, question: string): string {
    const replies = this.options.wecom.responses.slice(before).map(({ body }) => String(body.markdown?.content ?? ''))
    return replies.find(text => text.includes(question)) ?? ''
  }
}

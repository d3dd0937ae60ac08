import type { Payload, Reply } from 'testkit'
import { Bubble, WecomClient, createWecom } from 'testkit'
import { lines } from './input'
import type { Options } from './options'
import { commands } from './options'
import type { Card } from './show'
import { showActive, showCard, showText } from './show'

const interactive = process.stdin.isTTY && process.stdout.isTTY

/** The user's place in the conversation, and the last card. */
class Seat {
  private card?: Card
  private userId?: string
  private chatId?: string

  constructor(private readonly client: WecomClient, { userId, chatId }: Options) {
    this.userId = userId
    this.chatId = chatId
  }

  get prompt() {
    return [this.userId ?? 'USERID', this.chatId].filter(Boolean).join(' @ ') + '> '
  }

  /** @returns what a line says to the bot, or nothing for a command of the terminal's own */
  read(line: string): Payload | undefined {
    const { client, card, userId, chatId } = this
    const [, command, argument] = /^\/(\w+)(?:\s+(.*))?$/.exec(line) ?? []
    if (command === 'group') this.chatId = argument || 'CHATID'
    else if (command === 'single') this.chatId = undefined
    else if (command === 'user' && argument) this.userId = argument
    else if (command === 'enter') return client.enterChat({ userId })
    else if (command === 'click' && argument && card) {
      const click = { cardType: card.card_type, eventKey: argument, taskId: card.task_id ?? '' }
      return client.cardClick(click, { userId, chatId })
    } else return client.text(line, { userId, chatId })
  }

  /** Says it and shows the answer as it grows. @throws when the conversation fails */
  async say(payload: Payload, signal: AbortSignal) {
    const bubble = new Bubble(process.stdout)
    let last: Reply | undefined
    let open = false
    try {
      for await (const { content, finish, raw } of this.client.ask(payload, { signal })) {
        if (raw.template_card) this.card = raw.template_card
        last = raw
        open = !finish
        bubble.update(content)
      }
    } finally {
      bubble.finish()
    }
    if (last?.stream?.msg_item?.length) showText(`🖼 × ${last.stream.msg_item.length}`)
    if (last?.template_card) showCard(last.template_card)
    if (!last && interactive) showText('（没有回复 / no reply）')
    if (open && !signal.aborted) {
      throw new Error('六分钟内没有说完，企业微信不再等待。\nNot finished within six minutes; WeCom waits no longer.')
    }
  }
}

/** Talks to a bot until the input ends. @returns the exit code */
export async function chat(options: Options): Promise<number> {
  const wecom = options.listen === undefined ? undefined : await createWecom({ port: options.listen })
  if (wecom) wecom.onmessage = message => 'code' in message && showActive(message)
  const seat = new Seat(new WecomClient({ ...options, wecom }), options)
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  let failed = false
  if (interactive) showText(commands)
  for await (const line of lines(() => seat.prompt)) {
    if (line.trim() === '/exit') break
    const payload = line.trim() ? seat.read(line) : undefined
    if (!payload) continue
    process.once('SIGINT', interrupt)
    try {
      await seat.say(payload, stop.signal)
    } catch (error) {
      if (!stop.signal.aborted) console.error((error as Error).message)
      failed = true
    }
    process.off('SIGINT', interrupt)
    if (stop.signal.aborted) break
  }
  await wecom?.close()
  // an open pipe would keep the process
  process.stdin.destroy()
  return failed && !interactive && !stop.signal.aborted ? 1 : 0
}

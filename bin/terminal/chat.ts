import type { Payload, Reply } from 'testkit'
import { Bubble, WecomClient, createWecom } from 'testkit'
import { LineInput } from './input'
import type { TerminalOptions } from './options'
import { CHAT_COMMANDS } from './options'
import { cardText, clickOn } from './card'
import type { TemplateCard } from './card'
import { showActiveReply, showText } from './show'

const interactive = process.stdin.isTTY && process.stdout.isTTY

/** A chat with a bot: the current user and chat, and the last card. */
class TerminalChat {
  /** The last card; a card can be clicked once. */
  card?: TemplateCard
  private userId?: string
  private chatId?: string

  constructor(private readonly client: WecomClient, { userId, chatId }: TerminalOptions) {
    this.userId = userId
    this.chatId = chatId
  }

  get prompt() {
    return [this.userId ?? 'USERID', this.chatId].filter(Boolean).join(' @ ') + '> '
  }

  /** @returns the callback for an input line; `undefined` for a command that only changes the chat */
  parseLine(line: string): Payload | undefined {
    const { client, card, userId, chatId } = this
    const [, command, argument] = /^\/(\w+)(?:\s+(.*))?$/.exec(line) ?? []
    if (command === 'group') this.chatId = argument || 'CHATID'
    else if (command === 'single') this.chatId = undefined
    else if (command === 'user' && argument) this.userId = argument
    else if (command === 'enter') return client.enterChat({ userId })
    else if (command === 'click') {
      const click = card && this.click(card, argument)
      if (click) return click
      showText(card ? cardText(card) : '（没有可以点击的卡片 / no card to click）')
    } else return client.text(line, { userId, chatId })
  }

  /** @returns the callback of a click; `undefined` where the card has no such button */
  private click(card: TemplateCard, typed = ''): Payload | undefined {
    const { client, userId, chatId } = this
    const click = clickOn(card, typed)
    return click && client.cardClick(click, { userId, chatId })
  }

  /**
   * Sends a callback and displays the reply as it grows. Meanwhile a card of the reply can be clicked, and more be said
   * on a terminal: the bot may wait for a confirmation before it goes on.
   * @throws if a request fails
   */
  async send(payload: Payload, signal: AbortSignal, input: LineInput) {
    const bubble = new Bubble(process.stdout)
    let last: Reply | undefined
    let open = false
    let card: TemplateCard | undefined
    let clicked: TemplateCard | undefined
    const beside: Promise<string>[] = []
    const show = (text: string) => {
      bubble.finish()
      showText(text)
      return ''
    }
    const typing = input.watch({
      // The line now stands below the bubble, which goes on below the line.
      typed: () => interactive && bubble.finish(),
      take: (line) => {
        const said = this.sayBeside(line, card === clicked ? undefined : card)
        if (!said) return false
        if (line.startsWith('/')) clicked = card
        const reply = interactive ? this.reply(said, signal).then(show) : this.reply(said, signal)
        // Awaited below.
        reply.catch(() => {})
        beside.push(reply)
        return true
      },
    })
    try {
      for await (const { content, finish, raw } of this.client.ask(payload, { signal })) {
        // The card stays below the answer, whichever state of it brought the card.
        if (raw.template_card) this.card = card = raw.template_card as TemplateCard
        last = raw
        open = !finish
        bubble.update([content, card && cardText(card)].filter(Boolean).join('\n'))
        if (open) typing.retry()
      }
    } finally {
      typing.stop()
      bubble.finish()
    }
    for (const text of await Promise.all(beside)) if (text) showText(text)
    if (last?.stream?.msg_item?.length) showText(`🖼 × ${last.stream.msg_item.length}`)
    if (!last && interactive) showText('（没有回复 / no reply）')
    if (open && !signal.aborted) {
      throw new Error('回复在六分钟内没有结束，企业微信已停止轮询。\nThe reply did not finish within six minutes, and WeCom stops polling.')
    }
  }

  /** @returns the callback for a line that was typed while an answer grows; `undefined` if it waits for the end */
  private sayBeside(line: string, card?: TemplateCard): Payload | undefined {
    const { client, userId, chatId } = this
    const [, typed] = /^\/click\s+(.*)$/.exec(line) ?? []
    if (typed !== undefined) return card && this.click(card, typed)
    // The lines of a pipe come all at once, and are one conversation.
    if (interactive && line.trim() && !line.startsWith('/')) return client.text(line, { userId, chatId })
  }

  /** Sends a callback beside an answer that grows. @returns the complete reply @throws if a request fails */
  private async reply(payload: Payload, signal: AbortSignal): Promise<string> {
    let text = ''
    for await (const { content, raw } of this.client.ask(payload, { signal })) {
      if (raw.template_card) this.card = raw.template_card as TemplateCard
      text = [content, raw.template_card && cardText(raw.template_card as TemplateCard)].filter(Boolean).join('\n')
    }
    return text
  }
}

/** Runs a chat until the input ends. @returns the exit code */
export async function chat(options: TerminalOptions): Promise<number> {
  const wecom = options.listen === undefined ? undefined : await createWecom({ port: options.listen })
  const terminal = new TerminalChat(new WecomClient({ ...options, wecom }), options)
  if (wecom) {
    wecom.onmessage = message => 'code' in message && showActiveReply(message, (card) => {
      terminal.card = card
    })
  }
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  let failed = false
  if (interactive) showText(CHAT_COMMANDS)
  const input = new LineInput()
  for (let line = await input.next(terminal.prompt); line !== undefined; line = await input.next(terminal.prompt)) {
    if (line.trim() === '/exit') break
    const payload = line.trim() ? terminal.parseLine(line) : undefined
    if (!payload) continue
    process.once('SIGINT', interrupt)
    try {
      await terminal.send(payload, stop.signal, input)
    } catch (error) {
      if (!stop.signal.aborted) console.error((error as Error).message)
      failed = true
    }
    process.off('SIGINT', interrupt)
    if (stop.signal.aborted) break
  }
  await wecom?.close()
  // An open pipe would keep the process running.
  process.stdin.destroy()
  return failed && !interactive && !stop.signal.aborted ? 1 : 0
}

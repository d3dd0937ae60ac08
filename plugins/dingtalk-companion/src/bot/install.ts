import { h } from 'koishi'
import type { Bot, Context, Universal } from 'koishi'
import type { StockBot } from '../api/stock-bot'
import type { BotMessages } from '../turn/bot-messages'
import type { Turn } from '../turn/turn'
import { contentOf } from './content'
import { CompanionEncoder } from './encoder'

/**
 * Milliseconds that edits of one message should be apart. Edits cost nothing, because the companion decides which of
 * them become frames; this keeps plugins from rendering text that would not be shown.
 */
export const EDIT_INTERVAL_MS = 400

export interface InstallOptions {
  messages: BotMessages
  /** The turn that a session began, while it goes on. */
  turnOf(sessionId: number | undefined): Turn | undefined
  warn(text: string): void
}

/**
 * Gives a bot of the stock adapter what the streaming contract asks for: `createMessage` that takes raw Markdown,
 * `editMessage` while editing is possible, and the properties that say so.
 * @see docs/streaming.md
 * @returns removes everything again
 */
export function install(bot: StockBot, { messages, turnOf, warn }: InstallOptions): () => void {
  const { constructor: { prototype } } = bot as unknown as { constructor: { prototype: StockBot } }
  // A plugin that has wrapped one of these functions goes on calling it when the companion is disposed.
  let isInstalled = true

  async function createMessage(
    this: Bot<Context>, channelId: string, content: h.Fragment, referrer?: unknown, options?: Universal.SendOptions,
  ) {
    if (!isInstalled) return prototype.createMessage.call(this, channelId, content, referrer, options)
    const { session } = options ?? {}
    const turn = session?.channelId === channelId ? turnOf(session.id) : undefined
    return new CompanionEncoder(this, channelId, referrer, options, { messages, turn, warn }).send(content)
  }

  async function editMessage(this: Bot<Context>, channelId: string, messageId: string, content: h.Fragment) {
    const elements = h.normalize(content)
    // A growing answer is edited many times. Markdown contains no components that would have to be run.
    const isPlain = elements.every(({ type }) => type === 'markdown' || type === 'text')
    const rendered = isPlain ? elements : await this.session({ type: 'send' }).transform(elements)
    messages.edit(messageId, contentOf(rendered))
  }

  async function deleteMessage(this: StockBot, channelId: string, messageId: string) {
    if (isInstalled && await messages.delete(messageId)) return
    await prototype.deleteMessage.call(this, channelId, messageId)
  }

  async function createDirectChannel(userId: string): Promise<Universal.Channel> {
    return { id: userId, type: 1 satisfies Universal.Channel.Type.DIRECT }
  }

  const uninstall = define(bot, {
    createMessage: { value: createMessage },
    deleteMessage: { value: deleteMessage },
    createDirectChannel: { value: createDirectChannel },
    // Without a function plugins send one whole message.
    editMessage: { get: () => messages.canEdit ? editMessage : undefined },
    editInterval: { value: EDIT_INTERVAL_MS },
    markdown: { value: true },
  })
  return () => {
    isInstalled = false
    uninstall()
  }
}

/** Defines own properties. @returns restores what was there before, except where another plugin has redefined it */
function define(target: object, properties: PropertyDescriptorMap): () => void {
  const before = Object.keys(properties).map(key => [key, Object.getOwnPropertyDescriptor(target, key)] as const)
  for (const [key, descriptor] of Object.entries(properties)) {
    // Writable, so that other plugins can wrap the functions by assignment.
    const access = 'value' in descriptor ? { writable: true } : {}
    Object.defineProperty(target, key, { configurable: true, ...access, ...descriptor })
  }
  return () => {
    for (const [key, descriptor] of before) {
      const { get, value } = properties[key]
      const current = Object.getOwnPropertyDescriptor(target, key)
      if (current?.get !== get || current?.value !== value) continue
      Reflect.deleteProperty(target, key)
      if (descriptor) Object.defineProperty(target, key, descriptor)
    }
  }
}

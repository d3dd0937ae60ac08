import { BlockScanner, cut, pageText } from 'common/markdown'
import type { Clock } from 'common/time'
import type { DingtalkApi } from '../api/api'
import type { DingtalkError } from '../api/error'
import { MAX_MESSAGE_PARAM_BYTES } from '../api/limits'
import type { SessionWebhook, SessionWebhooks } from '../api/session-webhooks'
import type { Chat } from '../api/stock-bot'
import { titleOf, toMessage } from '../render/markdown'
import type { SentTexts } from '../storage/recent-messages'
import type { Mention } from './mention'

const PAGE_BYTES = MAX_MESSAGE_PARAM_BYTES - 500

/** Pages are not made smaller than this, whatever JSON makes of them. */
const MIN_PAGE_BYTES = 1000

/** Stands for the key of a message that has none, because it went by webhook. */
export const NO_KEY = ''

export interface MarkdownSenderOptions {
  api: DingtalkApi
  chat: Chat
  clock: Clock
  webhooks: SessionWebhooks
  sent: SentTexts
  /** Whether the messages answer one that came from the chat. */
  isReply: boolean
  /** Whom the first message mentions. Only replies by webhook can. */
  mention?: Mention
}

interface MarkdownMessage {
  title: string
  text: string
}

/**
 * Sends Markdown messages to one chat. Replies go by the webhook of the conversation while it lives, which is no API
 * call; all other messages, and replies that the webhook refuses, go by the API.
 */
export class MarkdownSender {
  constructor(private readonly options: MarkdownSenderOptions) {}

  /**
   * Sends the part of a text that follows `start`, in as many messages as it takes. Blank parts are not sent.
   * @param text Markdown
   * @returns the keys by which the messages can be recalled, `NO_KEY` for those that cannot
   * @throws {DingtalkError}
   */
  async send(text: string, start = 0): Promise<string[]> {
    const title = titleOf(text)
    const keys: string[] = []
    const scanner = new BlockScanner()
    while (start < text.length) {
      const { end, message } = nextMessage(text, start, title, scanner)
      if (message) keys.push(await this.deliver(message))
      start = end
    }
    return keys
  }

  private async deliver(message: MarkdownMessage): Promise<string> {
    const { api, chat, clock, sent } = this.options
    if (await this.reply(message)) {
      sent.add(`reply ${clock.now()} ${chat.id}`, chat.id, message.text)
      return NO_KEY
    }
    const key = await api.send(chat, 'sampleMarkdown', JSON.stringify(message))
    sent.add(key, chat.id, message.text)
    return key
  }

  /** @returns whether the message went by webhook @throws {DingtalkError} where it may have arrived */
  private async reply({ title, text }: MarkdownMessage): Promise<boolean> {
    const { api, chat, mention, webhooks } = this.options
    const webhook = this.webhook
    if (!webhook) return false
    const asker = mention?.asker
    try {
      await api.reply(webhook, { title, text: asker ? `@${asker.id} ${text}` : text }, asker ? [asker.id] : [])
      mention?.done()
      return true
    } catch (error) {
      const isLost = (error as DingtalkError).code === 'dingtalk/connection-failed'
      if (isLost || !chat.isReachable) throw error
      webhooks.forget(chat.id)
      return false
    }
  }

  private get webhook(): SessionWebhook | undefined {
    const { api: { app }, chat, isReply, webhooks } = this.options
    const isWorthIt = isReply && (!app.messages.isShort || app.quota.isShort)
    return isWorthIt || !chat.isReachable ? webhooks.get(chat.id) : undefined
  }
}

/** One message. JSON, and lists in place of tables, may take more bytes than the source: pages shrink to fit. */
function nextMessage(
  text: string, start: number, title: string, scanner: BlockScanner,
): { end: number, message?: MarkdownMessage } {
  for (let limit = PAGE_BYTES; ; limit = Math.floor(limit * 0.7)) {
    const page = cut(text, start, limit, { scanner })
    const message = { title, text: toMessage(pageText(text, page)).trim() }
    if (Buffer.byteLength(JSON.stringify(message)) <= PAGE_BYTES || limit < MIN_PAGE_BYTES) {
      return { end: page.end, message: message.text ? message : undefined }
    }
  }
}

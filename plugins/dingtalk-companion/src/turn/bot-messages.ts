import { SerialQueue } from 'common/async'
import { LruMap } from 'common/collections'
import type { Clock } from 'common/time'
import type { DingtalkApi } from '../api/api'
import type { DingtalkError } from '../api/error'
import { MAX_CARD_CHARACTERS } from '../api/limits'
import type { SessionWebhooks } from '../api/session-webhooks'
import { chatOf } from '../api/stock-bot'
import type { Config } from '../config'
import { Card } from '../delivery/card'
import { showsButtons, templateOf } from '../delivery/card-template'
import type { CardTemplate } from '../delivery/card-template'
import { MarkdownSender } from '../delivery/markdown-sender'
import { MediaSender } from '../delivery/media-sender'
import type { LoadFile, OutgoingFile } from '../delivery/media-sender'
import type { CardChats } from '../storage/card-chats'
import type { OpenCardStore } from '../storage/open-cards'
import type { SentTexts } from '../storage/recent-messages'
import { OutgoingMessage, unknownMessage } from './outgoing-message'
import type { MessageChat } from './message-chat'
import type { MessageContent } from './message-content'
import type { Turn } from './turn'

/** Messages that can still be edited or deleted. */
const MAX_KNOWN_MESSAGES = 1000

/** Where a message goes, and what it answers. */
export interface MessageTarget {
  channelId: string
  /** The session that is answered, where there is one. */
  session?: { isDirect: boolean, channelId?: string, guildId?: string }
  /** Its turn, while that goes on. */
  turn?: Turn
  /** Note below a text that was cut off. */
  notice: string
  /** Text of a card whose message was deleted. */
  deleted: string
  /** Text of a card that came after its answer. */
  late: string
}

export interface BotMessagesOptions {
  api: DingtalkApi
  webhooks: SessionWebhooks
  sent: SentTexts
  chats: CardChats
  config: Pick<Config, 'streaming' | 'builtInCard' | 'cardTemplateId' | 'cardKey' | 'splitCards'>
  store: OpenCardStore
  clock: Clock
  /** Reads a file that a plugin sends. */
  load: LoadFile
  /** Takes back a message that was sent. */
  recall(channelId: string, key: string): Promise<void>
  /** Called when a card could not be closed, but may be later. */
  leftOpen(): void
  warn(error: unknown): void
}

/** The Markdown messages of one bot: creates, edits and deletes them, in order within each chat. */
export class BotMessages {
  /** By id. */
  private readonly messages = new LruMap<string, OutgoingMessage>({ capacity: MAX_KNOWN_MESSAGES })
  /** What is sent to a chat, by its channel id. */
  private readonly queue = new SerialQueue()
  private readonly template?: CardTemplate

  constructor(private readonly options: BotMessagesOptions) {
    const { config } = options
    if (config.streaming !== 'off') this.template = templateOf(config)
  }

  /** Whether editing makes sense now: a card can be made, or a message that will be edited exists already. */
  get canEdit(): boolean {
    return this.canOpenCard || [...this.messages.values()].some(message => message.isEditable)
  }

  /**
   * Creates a message. In a turn it may be held back for its first edit.
   * @returns its id, for `edit` and `delete`
   * @throws {DingtalkError} when it was sent at once and that failed
   */
  async create(target: MessageTarget, content: MessageContent): Promise<string> {
    const message = new OutgoingMessage(this.chat(target), content, !!target.turn)
    target.turn?.add(message)
    await message.start()
    // Plugins may keep the id of a message that is out already, and recall it after a restart: it is DingTalk's key.
    const id = message.sentKey ?? message.id
    this.messages.set(id, message)
    return id
  }

  /**
   * Sends a file, in its place among the messages.
   * @returns the key by which it can be recalled
   * @throws {DingtalkError}, or what loading the file throws
   */
  sendFile({ channelId, session, turn }: MessageTarget, file: OutgoingFile): Promise<string> {
    const { api, load } = this.options
    turn?.release()
    return this.queue.run(channelId, async () => {
      const key = await noticingLoss(turn, () => new MediaSender(api, chatOf(channelId, session), load).send(file))
      turn?.heard()
      return key
    })
  }

  /**
   * Replaces the text of a message. Returns at once, however slow DingTalk is.
   * @throws {DingtalkError} `dingtalk/message-unknown`
   */
  edit(id: string, content: MessageContent) {
    const message = this.messages.get(id)
    if (!message) throw unknownMessage(id)
    message.edit(content)
  }

  /** @returns false where the id is not one of ours @throws {DingtalkError} */
  async delete(id: string): Promise<boolean> {
    const message = this.messages.get(id)
    if (!message) return false
    await message.delete()
    return true
  }

  /** Closes all cards as they are, because the process is about to end. It never throws. */
  async interrupt() {
    await Promise.all([...this.messages.values()].map(message => message.interrupt().catch(this.options.warn)))
  }

  /** Whether a message could become a card now. */
  get canOpenCard(): boolean {
    return !!this.template && this.options.api.app.takesCards
  }

  private chat({ channelId, session, turn, notice, deleted, late }: MessageTarget): MessageChat {
    const { api, chats, clock, config, leftOpen, recall, sent, store, warn, webhooks } = this.options
    const { template } = this
    const { streaming: mode, splitCards } = config
    // A message is kept long after its turn: its functions must not keep the session.
    const guildId = session?.guildId
    const maxCharacters = splitCards ? MAX_CARD_CHARACTERS : undefined
    const chat = chatOf(channelId, session)
    const isReply = session?.channelId === channelId
    const mention = turn?.mention
    const markdown = new MarkdownSender({ api, chat, clock, webhooks, sent, isReply, mention })
    const heard = () => turn?.heard()
    const sender: Pick<MarkdownSender, 'send'> = {
      async send(text, start) {
        const keys = await noticingLoss(turn, () => markdown.send(text, start))
        heard()
        return keys
      },
    }
    const enqueue = <T>(task: () => Promise<T>) => this.queue.run(channelId, task)
    const canOpenCard = () => this.canOpenCard && chat.isReachable
    return {
      clock,
      sender,
      notice,
      deleted,
      get canOpenCard() {
        return canOpenCard()
      },
      hasCardButtons: !!template && showsButtons(template),
      openCard(request) {
        if (!canOpenCard() || !template) return
        const content = { template, mode, notice, late, mention, maxCharacters, ...request }
        const card = new Card({ api, chat, sender, sent, clock, store, heard, leftOpen, ...content }, enqueue)
        chats.set(card.outTrackId, { id: channelId, isDirect: chat.isDirect, guildId })
        return card
      },
      enqueue,
      recall: key => recall(channelId, key),
      warn,
    }
  }
}

async function noticingLoss<T>(turn: Turn | undefined, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    if ((error as DingtalkError).isTransient) turn?.lost()
    throw error
  }
}

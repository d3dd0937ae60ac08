import type { Context, Session } from 'koishi'
import { Bot, Universal, h } from 'koishi'
import { WecomAdapter } from './adapter'
import { systemClock } from 'common/time'
import { checkCredentials, Config, ConfigError } from './config'
import type { Referrer } from './protocol/conversation'
import { channelOf } from './protocol/conversation'
import { BotServices } from './services'
import { welcomeCard } from './inbound/welcome'
import type { GrowingMarkdown } from './render/growing-markdown'
import { renderElements } from './render/markdown'
import type { Media } from './media/media'
import { MediaError } from './media/media-error'
import type { MediaErrorCode } from './media/media-error'
import { WecomMessageEncoder } from './message'
import { DeliveryError } from './api/delivery-error'
import { createDispatcher, showConnection } from './dispatch'
import { shutDown } from './shutdown'
import { canonical } from './callback/endpoint'
import type { FeedbackRecord } from './storage/feedback'
import type { Said } from './render/said'
import { keepNote } from './settings-note'
import { usage } from './settings-usage'
import { Turn } from './turn/turn'

/**
 * A WeCom bot: one Token and one EncodingAESKey, for an intelligent bot and, on the same URL, self-built apps and group
 * robots.
 * @see https://developer.work.weixin.qq.com/document/path/101039
 */
export class WecomBot<C extends Context = Context> extends Bot<C, Config> {
  static Config = Config
  static usage = usage
  static inject = { server: { required: false }, http: { required: true }, database: { required: false } }
  static override MessageEncoder = WecomMessageEncoder

  /** Least milliseconds between two edits of a message. Edits only change what the next poll shows. */
  readonly editInterval = 0
  /** The bot accepts an element `markdown` with Markdown as its text. */
  readonly markdown = true
  readonly services: BotServices

  constructor(ctx: C, config: Config) {
    super(ctx, checkConfig(ctx, config), 'wecom-bot')
    this.selfId = config.botId || 'wecom-bot'
    const bot = this as unknown as WecomBot
    this.services = new BotServices(ctx, config, this.logger, systemClock, createDispatcher(bot), (state) => {
      showConnection(bot, state)
    })
    this.defineInternalRoute('/media/:id', async ({ params }) => {
      try {
        return respond(await this.services.attachments.open(params.id))
      } catch (error) {
        if (!(error instanceof MediaError)) throw error
        this.logger.warn('attachment not available: %s', error.message)
        return refuse(502, error.code, error.message, this.config.mediaLimit)
      }
    })
    keepNote(ctx, bot, () => this.services.longConnection?.connection.state.name === 'standby')
    ctx.plugin(WecomAdapter, this)
    ctx.on('exit', () => shutDown(this.services, config.drain))
    ctx.on('dispose', () => this.services.dispose())
  }

  override async createMessage(
    channelId: string,
    content: h.Fragment,
    referrer?: Referrer,
    options?: Universal.SendOptions,
  ) {
    // Keep the turn open while the message is being sent, also if the plugin does not wait for it.
    const turn = this.services.sender.turnOf(channelId, referrer ?? options?.session?.event.referrer)
    turn?.beginSend()
    try {
      return await super.createMessage(channelId, content, referrer, options)
    } finally {
      turn?.endSend()
    }
  }

  /**
   * Changes a message of an open stream. Makes no request.
   * @throws {DeliveryError} `wecom-bot/message-closed`
   */
  override async editMessage(channelId: string, messageId: string, content: h.Fragment) {
    const { turns } = this.services
    const said = await this.renderEdit(content, turns.find(Turn.idOf(messageId))?.writerOf(messageId))
    const turn = turns.find(Turn.idOf(messageId))
    if (!turn?.edit(messageId, said)) throw closed(messageId, said.text.length)
  }

  /**
   * Removes a message from an open stream. Makes no request.
   * @throws {DeliveryError} `wecom-bot/message-closed`
   */
  override async deleteMessage(channelId: string, messageId: string) {
    const turn = this.services.turns.find(Turn.idOf(messageId))
    if (!turn?.remove(messageId)) throw closed(messageId, 0)
  }

  override async createDirectChannel(userId: string) {
    return { id: channelOf({ userId }), type: Universal.Channel.Type.DIRECT }
  }

  /**
   * Says whether the answer to a message may be made once more, in the same bubble, by another instance if this one
   * dies. Only for answers without other effects. Until a plugin says so, and after `false`, a bubble whose instance
   * died ends with its text so far.
   */
  async allowRepeating(session: Session, isRepeatable: boolean) {
    const { services } = this
    const turn = services.sender.turnOf(session.channelId!, session.event.referrer)
    if (turn) await services.takeover.allowRepeating(turn, isRepeatable)
  }

  /**
   * All ratings of an answer, the latest of each person. They are kept for a week.
   * @param feedbackId `feedback.id` of the event `wecom-bot/feedback`
   */
  getFeedback(feedbackId: string): Promise<FeedbackRecord[]> {
    return this.services.stores.feedback.list(feedbackId)
  }

  private async renderEdit(content: h.Fragment, writer?: GrowingMarkdown): Promise<Said> {
    const elements = h.normalize(content)
    // Streamed answers are edited with every chunk: skip `transform`, Markdown contains no components.
    if (elements.every(element => element.type === 'markdown' || element.type === 'text')) return renderElements(elements, writer)
    return renderElements(await this.session({ type: 'send' }).transform(elements), writer)
  }
}

/**
 * Checks the configuration against the other bots of the instance.
 * @throws {CardError} if the welcome card is invalid
 * @throws {ConfigError} if credentials are missing, or callbacks or conversations of two bots could not be told apart
 */
function checkConfig(ctx: Context, config: Config): Config {
  checkCredentials(config)
  welcomeCard(config.welcome)
  for (const bot of ctx.bots) {
    if (!(bot instanceof WecomBot)) continue
    const isOnSamePath = canonical(bot.config.path) === canonical(config.path)
    if (config.token && isOnSamePath && bot.config.token === config.token) {
      throw new ConfigError(`two bots on ${config.path} have the same token: give each its own path or token`)
    }
    if ((bot.config.botId || '') === (config.botId || '')) {
      throw new ConfigError('more than one bot: set a different botId for each, so that their conversations stay apart')
    }
  }
  return config
}

/**
 * Why a file is not available, for plugins: as a code, and as a text without addresses.
 * @param limitMb size limit of a file, which is told where it is the reason
 */
function refuse(status: number, code: MediaErrorCode, reason: string, limitMb = 0): Universal.Response {
  const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8', 'x-error-code': code })
  if (code === 'wecom-bot/media-too-large') headers.set('x-error-limit', String(limitMb * 1048576))
  return { status, headers, body: new TextEncoder().encode(reason).buffer as ArrayBuffer }
}

/** A file as the response of an internal route. */
function respond(media?: Media): Universal.Response {
  if (!media) return refuse(404, 'wecom-bot/media-unavailable', 'the file has expired')
  const headers = new Headers({ 'content-type': media.type })
  if (media.name) headers.set('content-disposition', `attachment; filename=${encodeURIComponent(media.name)}`)
  const { buffer, byteOffset, byteLength } = media.data
  return { status: 200, headers, body: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer }
}

function closed(messageId: string, size: number) {
  return new DeliveryError('wecom-bot/message-closed', size, `message ${messageId} can no longer be changed: its stream is closed`)
}

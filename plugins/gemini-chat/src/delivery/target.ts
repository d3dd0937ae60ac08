import { h } from 'koishi'
import type { Bot, Session } from 'koishi'
import { controls } from './buttons'
import { traitsOf } from './platforms'
import { render } from './render'
import type { RenderOptions } from './render'
import type { Target } from './types'

/** Properties that adapters may add to Koishi's bots. @see docs/streaming.md */
type StreamingBot = Omit<Bot, 'editMessage'> & Partial<Pick<Bot, 'editMessage'>> & {
  editInterval?: number
  markdown?: boolean
}

/** The settings that concern delivery. */
export interface TargetOptions extends Pick<RenderOptions, 'formats'> {
  /** By platform; 0 is unlimited. */
  messageBytes?: Record<string, number>
  buttons?: boolean
  /** Whether the first message of an answer mentions who asked, in groups. */
  mentionAsker?: boolean
}

const DEFAULT_EDIT_INTERVAL_MS = 1000

const DEFAULT_MESSAGE_BYTES = 30_000

/** The reply to a message, as its bot can give it. */
export function targetOf(session: Session, options: TargetOptions = {}): Target {
  const { channelId, platform, event: { referrer } } = session
  const bot: StreamingBot = session.bot
  const { messageBytes } = traitsOf(platform)
  const isEditable = bot.editMessage && !traitsOf(bot.platform).hasBrokenEdits
  // Bots that take raw Markdown show it in a bubble or a card, which cannot mention anyone.
  const mention = options.mentionAsker && !session.isDirect && bot.markdown !== true
    ? [h.at(session.userId, { name: session.event.user?.name }), h.text(' ')]
    : []
  /** The message with the mention; undefined before the first one is sent. */
  let first: string[] | undefined
  return {
    render: (markdown, state) => render(markdown, bot, { formats: options.formats, state }),
    // A bot that takes raw Markdown splits what is too long by itself.
    limit: options.messageBytes?.[platform] ?? (bot.markdown === true ? 0 : messageBytes ?? DEFAULT_MESSAGE_BYTES),
    controls: options.buttons ? done => controls(session, done) : undefined,
    // `session.send` would hide errors. Platforms that only reply need both the referrer and the session.
    async create(elements) {
      const ids = await bot.sendMessage(channelId!, first ? elements : [...mention, ...elements], referrer, { session })
      first ??= ids
      return ids
    },
    edit: isEditable
      ? (id, elements) => bot.editMessage!(channelId!, id, first?.includes(id) ? [...mention, ...elements] : elements)
      : undefined,
    interval: bot.editInterval ?? DEFAULT_EDIT_INTERVAL_MS,
  }
}

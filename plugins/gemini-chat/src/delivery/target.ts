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
}

const DEFAULT_EDIT_INTERVAL_MS = 1000

const DEFAULT_MESSAGE_BYTES = 30_000

/** The reply to a message, as its bot can give it. */
export function targetOf(session: Session, options: TargetOptions = {}): Target {
  const { channelId, platform, event: { referrer } } = session
  const bot: StreamingBot = session.bot
  const { messageBytes } = traitsOf(platform)
  const isEditable = bot.editMessage && !traitsOf(bot.platform).hasBrokenEdits
  return {
    render: (markdown, state) => render(markdown, bot, { formats: options.formats, state }),
    // A bot that takes raw Markdown splits what is too long by itself.
    limit: options.messageBytes?.[platform] ?? (bot.markdown === true ? 0 : messageBytes ?? DEFAULT_MESSAGE_BYTES),
    controls: options.buttons ? done => controls(session, done) : undefined,
    // `session.send` would hide errors. Platforms that only reply need both the referrer and the session.
    create: elements => bot.sendMessage(channelId!, elements, referrer, { session }),
    edit: isEditable ? (id, elements) => bot.editMessage!(channelId!, id, elements) : undefined,
    interval: bot.editInterval ?? DEFAULT_EDIT_INTERVAL_MS,
  }
}

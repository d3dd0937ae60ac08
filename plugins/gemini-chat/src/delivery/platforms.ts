import type { Dialect } from './markdown-to-elements'

/** What is special about a platform whose adapter does not take raw Markdown. */
export interface PlatformTraits {
  /** The elements that its encoder can send; others are dropped with their content. */
  dialect?: Dialect
  /** Bytes of one message, with room for what the encoder adds. */
  messageBytes?: number
  /** The adapter's `editMessage` sends the source of the elements instead of what they mean. */
  hasBrokenEdits?: boolean
  /** A message can be answered once: nothing may be said before the answer. */
  isAnsweredOnce?: boolean
  /** The thread of a message, where the platform has threads within a channel. */
  threadOf?(place: Place): string | undefined
}

/** The parts of a session that tell the thread of a message. `_data` is what the platform sent. */
interface Place {
  channelId?: string
  guildId?: string
  event?: { _data?: { event?: { thread_ts?: string, message?: { thread_id?: string } } } }
}

const platforms: Record<string, PlatformTraits> = {
  dingtalk: {
    // Its encoder encodes the address of a link once more.
    dialect: { href: decode },
    // https://open.dingtalk.com/document/orgapp/the-application-robot-in-the-enterprise-sends-group-chat-messages
    messageBytes: 12_000,
  },
  // https://discord.com/developers/docs/resources/message#create-message
  discord: { messageBytes: 1900, hasBrokenEdits: true },
  feishu: { threadOf: larkThread },
  kook: { hasBrokenEdits: true },
  lark: { threadOf: larkThread },
  // https://developers.line.biz/en/reference/messaging-api/#text-message
  line: { dialect: { bare: true }, messageBytes: 4900 },
  slack: { dialect: {}, threadOf: ({ event }) => event?._data?.event?.thread_ts },
  // https://core.telegram.org/bots/api#sendmessage
  telegram: {
    messageBytes: 4000,
    // A topic's channel id is its number, which is unique only within its group.
    threadOf: ({ guildId, channelId }) => guildId === channelId ? undefined : guildId,
  },
  // https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html
  'wechat-official': { dialect: { bare: true }, messageBytes: 2000, isAnsweredOnce: true },
  // https://developer.work.weixin.qq.com/document/path/90236
  wecom: { messageBytes: 2000 },
  // https://developers.facebook.com/docs/whatsapp/cloud-api/messages/text-messages
  whatsapp: { messageBytes: 4000 },
  // https://zulip.com/api/send-message
  zulip: { dialect: {}, messageBytes: 9900 },
}

/** The traits of a platform; none where nothing is special about it. */
export function traitsOf(platform = ''): PlatformTraits {
  return Object.hasOwn(platforms, platform) ? platforms[platform] : {}
}

function larkThread({ event }: Place) {
  return event?._data?.event?.message?.thread_id
}

function decode(href: string) {
  try {
    return decodeURI(href)
  } catch {
    return href
  }
}

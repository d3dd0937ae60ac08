import { Time, Universal, h } from 'koishi'
import type { WecomBot } from './bot'
import { clock } from './util/clock'
import { addressOf, decode } from './inbound/decode'
import type { BotServices, Dispatcher } from './services'
import type { MediaLink } from './protocol/payload'

/** Only group robots of the older kind are told. */
const guildEvents = new Map([
  ['add_to_chat', 'guild-added'],
  ['delete_from_chat', 'guild-removed'],
])

/**
 * Hands to Koishi, as sessions of a bot, what people and WeCom say to it. A bot stands behind proxies: to look at it
 * takes a tenth of the time that a callback does, so it is looked at as little as can be.
 */
export function createDispatcher(bot: WecomBot): Dispatcher {
  const { selfId, config: { name } } = bot
  const { lifecycle } = bot.ctx.root
  let services: BotServices | undefined
  let next = 0
  const attach = (link: MediaLink) => {
    if (!link.url && !bot.services.app) return
    return bot.getInternalUrl(`/media/${bot.services.attachments.add(link)}`)
  }
  return {
    dispatch(message, turn) {
      if (!lifecycle.isActive) return 'closed'
      services ??= bot.services
      services.directory.record(message)
      const event = decode(message, turn.id, selfId, name, attach)
      if (!event) return 'unreadable'
      const session = bot.session(event)
      const { responseUrl, webhookUrl, ...payload } = message
      // Not through `setInternal`, which would hand the links in it to every client of a Satori server.
      Object.defineProperty(session, 'wecomBot', { value: payload, configurable: true })
      bot.dispatch(session)
      return 'taken'
    },

    notify({ responseUrl, webhookUrl, responseCode, ...event }) {
      const name = event.type === 'unknown' ? event.name : event.type
      bot.dispatch(bot.session({ type: 'internal', _type: `wecom-bot/${name}`, _data: event }))
      const type = guildEvents.get(name)
      if (event.source?.name === 'robot' && type) bot.dispatch(bot.session({ ...addressOf(event), type }))
    },

    /** A click on a card: an interaction, and where the button says something, a message of whoever clicked. */
    click(event, { id, input }, turn) {
      const address = addressOf(event, turn.id)
      bot.dispatch(bot.session({ ...address, type: 'interaction/button', button: { id } }))
      if (!input) return turn.chainEnded()
      const elements = event.chatId ? [h.at(bot.selfId), h.text(input)] : [h.text(input)]
      bot.dispatch(bot.session({ ...address, type: 'message', message: { id: event.msgId, elements } }))
    },

    /** Only a callback that verifies proves that the console's three fields are right. */
    verified() {
      const now = clock.now()
      if (now < next) return
      next = now + Time.second
      if (bot.status === Universal.Status.ONLINE) return
      bot.logger.info('first verified callback: WeCom reaches this bot')
      bot.online()
    },
  }
}

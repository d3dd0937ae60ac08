import { describeError } from 'common/errors'
import { Time, Universal, h } from 'koishi'
import type { WecomBot } from './bot'
import { addressOf, decode } from './inbound/decode'
import type { Dispatcher } from './inbound/types'
import type { MediaLink, Surface } from './protocol/payload'
import type { BotServices } from './services'
import type { ConnectionState } from './websocket/connection'
import { describeReason } from './websocket/connection-log'
import { systemClock } from 'common/time'

/** Events of group robots that have an equivalent in Koishi. */
const guildEvents = new Map([
  ['add_to_chat', 'guild-added'],
  ['delete_from_chat', 'guild-removed'],
])

/**
 * Hands callbacks to Koishi as sessions of a bot. Koishi wraps bots in proxies, and reading a property of one takes a
 * tenth of the time of a callback: what is needed for every callback is read once.
 */
export function createDispatcher(bot: WecomBot): Dispatcher {
  const { selfId, config: { name } } = bot
  const { lifecycle } = bot.ctx.root
  let services: BotServices | undefined
  let nextStatusCheck = 0
  let lastSurface: Surface | undefined
  let nextSurfaceEvent = 0
  const attach = (link: MediaLink) => {
    if (!link.url && !bot.services.app) return
    return bot.getInternalUrl(`/media/${bot.services.attachments.add(link)}`)
  }
  /** @returns whether the task has succeeded */
  const attempt = (what: string, task: () => void): boolean => {
    try {
      task()
      return true
    } catch (error) {
      bot.logger.warn('could not hand %s to Koishi: %s', what, describeError(error))
      return false
    }
  }
  return {
    dispatch(message, turn) {
      if (!lifecycle.isActive) return 'closed'
      let isReadable = false
      const isTaken = attempt(`message ${message.msgId}`, () => {
        services ??= bot.services
        services.pushTargets.record(message)
        const event = decode(message, turn.id, selfId, name, attach)
        if (!event) return
        isReadable = true
        const session = bot.session(event)
        const { responseUrl, webhookUrl, ...payload } = message
        // Not with `setInternal`, which would send the links in it to every client of a Satori server.
        Object.defineProperty(session, 'wecomBot', { value: payload, configurable: true })
        bot.dispatch(session)
      })
      if (!isTaken) return 'failed'
      return isReadable ? 'taken' : 'unreadable'
    },

    notify({ responseUrl, webhookUrl, responseCode, ...event }) {
      const name = event.type === 'unknown' ? event.name : event.type
      attempt(`event ${name}`, () => {
        bot.dispatch(bot.session({ type: 'internal', _type: `wecom-bot/${name}`, _data: event }))
        const type = guildEvents.get(name)
        if (event.source?.name === 'robot' && type) bot.dispatch(bot.session({ ...addressOf(event), type }))
      })
    },

    /** A click is an interaction and, if the button has an input, a message of the person who clicked. */
    click(event, { id, input }, turn) {
      const address = addressOf(event, turn.id)
      const isTaken = attempt(`click ${event.msgId}`, () => {
        bot.dispatch(bot.session({ ...address, type: 'interaction/button', button: { id } }))
        if (!input) return
        const elements = event.chatId ? [h.at(bot.selfId), h.text(input)] : [h.text(input)]
        bot.dispatch(bot.session({ ...address, type: 'message', message: { id: event.msgId, elements } }))
      })
      if (!isTaken || !input) turn.endChain()
    },

    /** The bot counts as online once a callback has proved that the console's settings are right. */
    verified(surface) {
      const now = systemClock.monotonic()
      if (surface && surface !== lastSurface && now >= nextSurfaceEvent) {
        lastSurface = surface
        // A bot and an app on one path alternate.
        nextSurfaceEvent = now + Time.minute
        bot.ctx.emit('wecom-bot/surface', surface, bot)
      }
      if (now < nextStatusCheck) return
      nextStatusCheck = now + Time.second
      if (bot.status === Universal.Status.ONLINE) return
      bot.logger.info('first verified callback: WeCom reaches this bot')
      bot.online()
    },
  }
}

/** Shows the state of the long connection as the bot's status. */
export function showConnection(bot: WecomBot, state: ConnectionState) {
  switch (state.name) {
    case 'ready':
      return bot.online()
    case 'standby':
      bot.status = Universal.Status.RECONNECT
      return
    case 'connecting':
    case 'subscribing':
      if (bot.status === Universal.Status.OFFLINE) bot.status = Universal.Status.CONNECT
      return
    case 'waiting':
    case 'stopped':
      if (!state.reason) return
      if (state.reason.name === 'failed') bot.status = Universal.Status.RECONNECT
      else bot.offline(new Error(describeReason(state.reason)))
      return
    default:
      return state satisfies never
  }
}

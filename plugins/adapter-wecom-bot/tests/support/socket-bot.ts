import { FakeClock } from 'common/testing'
import type { GatewayOptions } from 'testkit'
import { WecomGateway } from 'testkit'
import { WebSocket } from 'ws'
import type { Post } from '../../src/api/client'
import { Admission } from '../../src/inbound/admission'
import { AibotHandler } from '../../src/inbound/aibot-handler'
import { Takeover } from '../../src/inbound/takeover'
import type { Dispatcher } from '../../src/inbound/types'
import { shareStores } from '../../src/instances/share-stores'
import { SharedTurns } from '../../src/instances/shared-turns'
import { LongConnection } from '../../src/long-connection/long-connection'
import type { ButtonSpec } from '../../src/cards/buttons'
import type { Event, Message } from '../../src/protocol/payload'
import type { Stores } from '../../src/storage/stores'
import { createMemoryStores } from '../../src/storage/stores'
import { Concurrency } from '../../src/turn/concurrency'
import { FallbackDelivery } from '../../src/turn/fallback'
import type { ClickResult } from '../../src/turn/stream-cards'
import { StreamCards } from '../../src/turn/stream-cards'
import type { TurnController } from '../../src/turn/turn-controller'
import type { TurnOptions } from '../../src/turn/turn-options'
import { TurnRegistry } from '../../src/turn/turn-registry'
import type { Socket } from '../../src/websocket/connection'
import type { SharedStateService } from '../../../../tests/support/shared-state'
import { notices, turnOptions } from './turns'

export interface SocketBotOptions extends GatewayOptions {
  turn?: Partial<TurnOptions>
  buttons?: ButtonSpec[]
  welcome?: string
  feedback?: boolean
  /** What survives the bot; default: nothing. */
  stores?: Stores
  /** The gateway of an earlier bot, which goes on. */
  gateway?: WecomGateway
  clock?: FakeClock
  /** Receives what is posted to a `response_url`. */
  post?: Post
  /** What it shares with other instances; it may not get the connection. */
  shared?: SharedStateService
}

/** A bot on its long connection, without Koishi: a real socket, and time that is advanced by the spec. */
export interface SocketBot {
  clock: FakeClock
  gateway: WecomGateway
  turns: TurnRegistry
  admission: Admission
  longConnection: LongConnection
  /** Turns of the messages that were handed to plugins. */
  asked: TurnController[]
  events: Event[]
  clicks: { result: ClickResult, turn: TurnController }[]
  /** Errors of deliveries. */
  lost: unknown[]
  /** Lines of the log. */
  lines: string[]
  /** Sends a message to the bot. @returns its turn, once a plugin has it */
  ask(text?: string, chatId?: string): Promise<TurnController>
  /** Lets time pass in small steps until something is the case. */
  until(isMet: () => boolean, limitMs?: number, stepMs?: number): Promise<void>
  /** Lets time pass in small steps. */
  pass(ms: number, stepMs?: number): Promise<void>
  /** Ends it as a reload of the plugin does. */
  dispose(): void
  /** Ends the bot and the gateway. */
  close(): Promise<void>
}

/** Lets everything happen on the sockets that takes no time. */
async function exchange() {
  for (let round = 0; round < 4; round++) await new Promise(resolve => setImmediate(resolve))
  await new Promise(resolve => setTimeout(resolve, 1))
}

export async function createSocketBot(options: SocketBotOptions = {}): Promise<SocketBot> {
  const { turn, buttons = [], welcome, feedback = true, clock = new FakeClock(), shared, ...others } = options
  const { stores: own = createMemoryStores(clock), gateway: running, post = async () => ({}), ...rules } = others
  const gateway = running ?? await WecomGateway.create({ clock, ...rules })
  const lost: unknown[] = []
  const lines: string[] = []
  const merged = { ...turnOptions, ...turn }
  const sharedTurns: SharedTurns = new SharedTurns('AIBOTID', {
    fetched: id => turns.fetchedElsewhere(id),
    carded() {},
    lost: id => turns.find(id)?.lost(),
  }, clock)
  const ends: (() => void)[] = []
  if (shared) ends.push(sharedTurns.connect(shared))
  const stores = shareStores(own, 'AIBOTID', sharedTurns, clock)
  const concurrency = new Concurrency({ total: 1000, user: 1000, maxAge: merged.window }, clock)
  const turns: TurnRegistry = new TurnRegistry({
    options: merged,
    notices,
    fallback: new FallbackDelivery(post, clock, notices, () => undefined),
    streams: stores.streams,
    sharedTurns,
    clock,
    log: { deliveryFailed: (_, error) => void lost.push(error), timedOut: () => void lost.push('timed out') },
  }, concurrency)
  const cards = new StreamCards({
    enabled: merged.cards,
    buttons,
    title: () => notices.card,
    clicked: notices.clicked,
  }, stores.cards)
  const admission = new Admission(concurrency, notices, () => sharedTurns.hasOthers)
  const asked: TurnController[] = []
  const events: Event[] = []
  const clicks: SocketBot['clicks'] = []
  const dispatcher: Dispatcher = {
    dispatch: (_: Message, turn) => {
      asked.push(turn)
      return 'taken'
    },
    notify: event => void events.push(event),
    click: (_, result, turn) => void clicks.push({ result, turn }),
    verified() {},
  }
  const handler = new AibotHandler({
    turns,
    admission,
    cards,
    stores,
    welcome,
    notices,
    dispatcher,
    botId: 'AIBOTID',
    freshness: 300_000,
    firstReply: 100,
    feedback,
    clock,
    isTrusted: () => true,
  })
  const write = (...parts: unknown[]) => void lines.push(parts.join(' '))
  const longConnection = new LongConnection({
    botId: 'AIBOTID',
    secret: 'SECRET',
    dial: () => new WebSocket(gateway.url) as Socket,
    clock,
    logger: { info: write, warn: write, error: write },
    feedback,
    placeholder: merged.placeholder,
    cards,
    streams: stores.streams,
    notices,
    isOwn: id => !!turns.find(id),
    sentCard: card => stores.cards.save(card, false),
    accept: (payload, route) => handler.accept(payload, false, route),
    changed() {},
  })
  const { placeholder } = merged
  const takeover = new Takeover({
    sharedTurns,
    turns,
    admission,
    dispatcher,
    notices,
    placeholder,
    clock,
    pushedBubbles: longConnection,
    isTrusted: () => true,
  })
  if (shared) {
    ends.push(longConnection.lease.connect(shared))
    takeover.start()
  }
  const bot: SocketBot = {
    clock, gateway, turns, admission, longConnection, asked, events, clicks, lost, lines,
    async ask(text = 'hello', chatId) {
      const count = asked.length
      gateway.say(text, { chatId })
      await bot.until(() => asked.length > count)
      return asked.at(-1)!
    },
    async until(isMet, limitMs = 600_000, stepMs = 10) {
      const end = clock.monotonic() + limitMs
      for (await exchange(); !isMet(); await exchange()) {
        if (clock.monotonic() >= end) throw new Error(`still not the case: ${isMet.toString()}`)
        await clock.advance(stepMs)
      }
    },
    async pass(ms, stepMs = 50) {
      await exchange()
      for (let left = ms; left > 0; left -= stepMs) {
        await clock.advance(Math.min(left, stepMs))
        await exchange()
      }
    },
    dispose() {
      for (const end of ends.splice(0)) end()
      takeover.stop()
      longConnection.dispose()
      turns.dispose()
    },
    async close() {
      bot.dispose()
      await gateway.close()
    },
  }
  longConnection.start()
  await bot.until(() => longConnection.isReady || longConnection.connection.state.name === 'standby')
  return bot
}

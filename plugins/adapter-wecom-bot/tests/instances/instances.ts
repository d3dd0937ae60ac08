import { FakeClock, settle } from 'common/testing'
import { Admission } from '../../src/inbound/admission'
import { AibotHandler } from '../../src/inbound/aibot-handler'
import { ForeignTurns } from '../../src/inbound/foreign-turns'
import { Takeover } from '../../src/inbound/takeover'
import type { Dispatcher, Outcome } from '../../src/inbound/types'
import type { Message, Poll } from '../../src/protocol/payload'
import { shareStores } from '../../src/instances/share-stores'
import { SharedLimits } from '../../src/instances/shared-limits'
import { SharedTurns } from '../../src/instances/shared-turns'
import { createMemoryStores } from '../../src/storage/stores'
import { Concurrency } from '../../src/turn/concurrency'
import { StreamCards } from '../../src/turn/stream-cards'
import type { TurnController } from '../../src/turn/turn-controller'
import type { TurnOptions } from '../../src/turn/turn-options'
import { TurnRegistry } from '../../src/turn/turn-registry'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { FakeFallback, SECOND, message, notices, turnOptions } from '../support/turns'

type Stream = { stream: { id: string, content: string, finish: boolean } }

/** What WeCom shows after a reply; `■` for the last frame. */
export function shown({ reply }: Outcome): string {
  const { stream: { content, finish } } = reply as Stream
  return finish ? `${content}■` : content
}

export function streamOf({ reply }: Outcome): string {
  return (reply as Stream).stream.id
}

/** Instances of one bot that share state, each with a clock of its own. A stopped process has one that stands still. */
export function createInstances(
  limits = { total: 1000, user: 1000, maxAge: 330 * SECOND }, options: Partial<TurnOptions> = {},
) {
  const clock = new FakeClock()
  const backend = new MemoryBackend(clock)
  const outage = { isOpen: false, isRecovering: false, epoch: 0 }
  let serial = 0

  function add() {
    const own = new FakeClock()
    const name = `instance-${++serial}`
    const service = new SharedStateService(backend, { instance: name, clock: own, isShared: true, circuit: outage })
    const fallback = new FakeFallback(own)
    const concurrency = new Concurrency(limits, own)
    const asked: { message: Message, turn: TurnController }[] = []
    const sharedTurns: SharedTurns = new SharedTurns('AIBOTID', {
      fetched: id => turns.fetchedElsewhere(id),
      carded: () => {},
      lost: id => turns.find(id)?.lost(),
    }, own)
    let disconnect = sharedTurns.connect(service)
    const sharedLimits = new SharedLimits('AIBOTID', () => sharedTurns.state, limits, own)
    const stores = shareStores(createMemoryStores(own), 'AIBOTID', sharedTurns, own)
    const log = { deliveryFailed() {}, timedOut() {} }
    const turns: TurnRegistry = new TurnRegistry({
      options: { ...turnOptions, ...options },
      notices,
      fallback,
      streams: stores.streams,
      clock: own,
      log,
      sharedTurns,
      sharedLimits,
    }, concurrency)
    const admission = new Admission(concurrency, notices, () => sharedTurns.hasOthers)
    const dispatcher: Dispatcher = {
      dispatch(message, turn) {
        asked.push({ message, turn })
        return 'taken'
      },
      notify() {},
      click() {},
      verified() {},
    }
    const { placeholder } = turnOptions
    const takeover = new Takeover({
      sharedTurns, turns, admission, dispatcher, notices, placeholder, clock: own, isTrusted: () => true,
    })
    takeover.start()
    const handler = new AibotHandler({
      freshness: 300_000,
      firstReply: 0,
      turns,
      admission,
      sharedLimits,
      foreignTurns: new ForeignTurns({ turns: sharedTurns, takeover, notices, placeholder, clock: own }),
      clock: own,
      cards: new StreamCards({ enabled: false, buttons: [], title: () => '', clicked: () => '' }, stores.cards),
      stores,
      feedback: false,
      notices,
      isTrusted: () => true,
      dispatcher,
    })
    return {
      clock: own, service, fallback, turns, handler, asked, stores, sharedLimits, admission, takeover,
      /** As a reload of the plugin with the shared state does. @returns what makes it available again */
      loseSharedState() {
        disconnect()
        return () => {
          disconnect = sharedTurns.connect(service)
        }
      },
      send: async (overrides?: Partial<Message>) => {
        const reply = handler.accept(message(overrides))
        await settle()
        await settle()
        return reply
      },
      /** @param arrived whether the response reaches WeCom */
      async poll(streamId: string, arrived = true, overrides: Partial<Poll> = {}): Promise<string> {
        const poll: Poll = { kind: 'poll', streamId, msgId: `POLL-${++serial}`, botId: 'AIBOTID', userId: 'USERID', ...overrides }
        const outcome = await handler.accept(poll)
        outcome.responded?.(arrived)
        await settle()
        return shown(outcome)
      },
    }
  }

  return {
    add,
    outage,
    /** Lets time pass for the server and for the instances that are alive. */
    async pass(ms: number, ...alive: ReturnType<typeof add>[]) {
      for (let left = ms; left > 0; left -= 250) {
        await clock.advance(Math.min(250, left))
        for (const instance of alive) await instance.clock.advance(Math.min(250, left))
      }
    },
  }
}

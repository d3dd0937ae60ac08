import { Concurrency } from '../../src/turn/concurrency'
import type { FallbackDelivery } from '../../src/turn/fallback'
import { DeliveryError } from '../../src/api/delivery-error'
import type { Message } from '../../src/protocol/payload'
import type { Notices } from '../../src/turn/bubble'
import type { Turn } from '../../src/turn/turn'
import type { Said } from '../../src/render/said'
import { inWords } from '../../src/render/said'
import type { TurnOptions } from '../../src/turn/turn-options'
import { TurnRegistry } from '../../src/turn/turn-registry'
import { FakeClock } from './clock'

export const SECOND = 1000
export const MINUTE = 60 * SECOND

export const notices: Notices = {
  later: '(later)',
  cutOff: '(cut off)',
  continued: '(continued)',
  complete: '(complete)',
  lost: count => `(${count} lost)`,
  unconfirmed: count => `(${count} unconfirmed)`,
  elsewhere: '(elsewhere)',
  silent: '(silent)',
  forgotten: '(forgotten)',
  interrupted: '(interrupted)',
  busy: '(busy)',
  leaving: '(leaving)',
  unsupported: '(unsupported)',
  card: '(card)',
  clicked: button => `(clicked ${button})`,
}

/** The other ways out, as a turn sees them. */
export class FakeOutlet {
  readonly sent: string[] = []
  open = true
  /** What becomes of the next messages; they arrive where nothing is said. */
  readonly fates: ((text: string) => Promise<void>)[] = []

  isOpen() {
    return this.open
  }

  async send(_turn: Turn, said: Said) {
    const text = inWords(said)
    const fate = this.fates.shift()
    if (fate) await fate(text)
    else if (!this.open) throw new DeliveryError('no-way', text.length, 'no way')
    this.sent.push(text)
  }

  /** The next message does not get out, or so much of it, of which some may have arrived. */
  fail(lost?: number, doubtful?: number) {
    this.fates.push(async (text) => {
      throw new DeliveryError('refused', lost ?? text.length, 'refused', doubtful)
    })
  }

  /** The next message takes so long. */
  delay(clock: FakeClock, milliseconds: number) {
    this.fates.push(() => new Promise(resolve => clock.setTimeout(resolve, milliseconds)))
  }
}

export function message(overrides: Partial<Message> = {}): Message {
  return {
    kind: 'message',
    msgId: 'MSGID',
    botId: 'AIBOTID',
    userId: 'USERID',
    body: { type: 'text', text: 'hi' },
    ...overrides,
  }
}

/** The usual times of a turn. */
export const policy: TurnOptions = {
  streaming: true,
  cards: false,
  placeholder: '<think></think>',
  window: 330 * SECOND,
  unclaimed: 10 * SECOND,
  retention: 10 * MINUTE,
  lifetime: 55 * MINUTE,
}

/** Turns with time, ways out and a log that a spec has in its hand. */
export function createTurns(own: Partial<TurnOptions> = {}) {
  const clock = new FakeClock()
  const outlet = new FakeOutlet()
  const lost: unknown[] = []
  const hung: Turn[] = []
  const turns = new TurnRegistry({ ...policy, ...own }, notices, outlet as unknown as FallbackDelivery, clock, {
    deliveryFailed: (_turn, error) => lost.push(error),
    timedOut: turn => hung.push(turn),
  }, new Concurrency({ total: 1000, user: 1000, maxAge: 330 * SECOND }, clock))
  /** What WeCom shows after asking once. */
  const poll = (turn: Turn, arrived = true) => {
    const frame = turns.frame(turn)
    if (frame?.finish) turns.fetched(turn, arrived)
    return frame && (frame.finish ? `${frame.content}■` : frame.content)
  }
  const open = (overrides?: Partial<Message>) => turns.open(message(overrides))
  return { clock, outlet, lost, hung, turns, poll, open }
}

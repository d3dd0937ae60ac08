import { Concurrency } from '../../src/turn/concurrency'
import { FallbackDelivery } from '../../src/turn/fallback'
import { DeliveryError } from '../../src/api/delivery-error'
import type { Message } from '../../src/protocol/payload'
import type { Notices } from '../../src/turn/notices'
import type { StreamStore } from '../../src/storage/streams'
import type { Turn } from '../../src/turn/turn'
import type { TurnController } from '../../src/turn/turn-controller'
import type { TurnLog } from '../../src/turn/turn-log'
import type { Said } from '../../src/render/said'
import { inWords } from '../../src/render/said'
import type { TurnOptions } from '../../src/turn/turn-options'
import { TurnRegistry } from '../../src/turn/turn-registry'
import { FakeClock } from 'common/testing'

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
  pictures: '(pictures)',
  noPictures: '(no pictures)',
  silent: '(silent)',
  forgotten: '(forgotten)',
  interrupted: '(interrupted)',
  busy: '(busy)',
  leaving: '(leaving)',
  unsupported: '(unsupported)',
  card: '(card)',
  clicked: button => `(clicked ${button})`,
}

/** A fallback delivery that records what it sends. */
export class FakeFallback extends FallbackDelivery {
  readonly sent: string[] = []
  open = true
  /** Outcomes of the next messages; a message is delivered if there is none. */
  readonly outcomes: ((text: string) => Promise<void>)[] = []

  constructor(clock: FakeClock) {
    super(async () => ({}), clock, notices, () => undefined)
  }

  override isOpen() {
    return this.open
  }

  override async send(_turn: Turn, said: Said) {
    const text = inWords(said)
    const outcome = this.outcomes.shift()
    if (outcome) await outcome(text)
    else if (!this.open) throw new DeliveryError('wecom-bot/no-route', text.length, 'no way')
    this.sent.push(text)
  }

  /**
   * The next message fails.
   * @param lost characters that are lost; all unless given
   * @param doubtful characters of them that may have arrived
   */
  fail(lost?: number, doubtful?: number) {
    this.outcomes.push(async (text) => {
      throw new DeliveryError('wecom-bot/delivery-refused', lost ?? text.length, 'refused', doubtful)
    })
  }

  /** The next message takes this long. */
  delay(milliseconds: number) {
    this.outcomes.push(() => new Promise(resolve => this.clock.setTimeout(resolve, milliseconds)))
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

/** The default times of a turn. */
export const turnOptions: TurnOptions = {
  streaming: true,
  cards: false,
  placeholder: '<think></think>',
  window: 330 * SECOND,
  unclaimed: 10 * SECOND,
  retention: 10 * MINUTE,
  lifetime: 55 * MINUTE,
}

/** A turn registry on a fake clock, with a recording fallback delivery and log. */
export function createTurns(own: Partial<TurnOptions> = {}, streams: Pick<StreamStore, 'save'> = { save() {} }) {
  const clock = new FakeClock()
  const fallback = new FakeFallback(clock)
  const lost: unknown[] = []
  const hung: Turn[] = []
  const concurrency = new Concurrency({ total: 1000, user: 1000, maxAge: 330 * SECOND }, clock)
  const log: TurnLog = {
    deliveryFailed: (_turn, error) => void lost.push(error),
    timedOut: turn => void hung.push(turn),
  }
  const options = { ...turnOptions, ...own }
  const turns = new TurnRegistry({ options, notices, fallback, streams, clock, log }, concurrency)
  /** What WeCom shows after one poll. */
  const poll = (turn: TurnController, arrived = true) => {
    const frame = turn.frame()
    if (frame?.finish) turn.confirmFinalFrame(arrived)
    return frame && (frame.finish ? `${frame.content}■` : frame.content)
  }
  const open = (overrides?: Partial<Message>) => turns.open(message(overrides))
  return { clock, fallback, lost, hung, turns, concurrency, poll, open }
}

import { Mention } from '../delivery/mention'
import type { Asker } from '../delivery/mention'
import type { OutgoingMessage } from './outgoing-message'

export interface TurnOptions {
  /** Whom the answer mentions. */
  asker?: Asker
}

/** Everything that is sent in answer to one incoming message, until Koishi's middleware chain for it ends. */
export class Turn {
  readonly mention: Mention
  /** Called when the chat has heard something of the answer; it may be called again. */
  heard = () => {}
  /** Called when something of the answer may not have arrived, because DingTalk could not be reached. */
  lost = () => {}
  /** Called when everything is delivered. */
  ended = () => {}
  private readonly messages: OutgoingMessage[] = []

  constructor({ asker }: TurnOptions = {}) {
    this.mention = new Mention(asker)
  }

  get isAnswered(): boolean {
    return this.messages.length > 0
  }

  /** Adds a message, after those before it have gone out. */
  add(message: OutgoingMessage) {
    this.release()
    this.messages.push(message)
  }

  /** Something else follows: messages that are held back go out first. */
  release() {
    for (const message of this.messages) message.release()
  }

  /** Delivers what has not been delivered and closes all cards, in order. It never throws. */
  async end() {
    const ends = this.messages.map(message => message.settleQuietly())
    for (const message of this.messages) message.leaveTurn()
    await Promise.all(ends)
    this.ended()
  }
}

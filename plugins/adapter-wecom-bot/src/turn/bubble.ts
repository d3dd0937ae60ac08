import type { Frame } from '../protocol/reply'
import { MAX_STREAM_BYTES } from '../protocol/limits'
import { cut, resume } from '../render/split'
import type { Turn } from './turn'

/** Sentences the adapter itself says in a chat. */
export interface Notices {
  /** The stream must close, the answer is still being made and will follow as a message. */
  later: string
  /** The stream must close, and there is no other way to this chat. */
  cutOff: string
  /** The rest of a long answer follows as a message of its own. */
  continued: string
  /** The answer had been shown to its end when its stream had to close: nothing follows. */
  complete: string
  /** So many characters of a long answer could not be delivered. */
  lost(count: number): string
  /** So many characters went out as a message of their own, and nobody knows whether it arrived. */
  unconfirmed(count: number): string
  /** The answer has gone out as a message of its own. */
  elsewhere: string
  /** The stream is open and nothing was said. */
  silent: string
  /** A stream nobody knows any more. */
  forgotten: string
  /** The process ended while the answer was being made. */
  interrupted: string
  /** Too many answers are being made. */
  busy: string
  /** The process is about to end. */
  leaving: string
  /** A kind of message the bot cannot read. */
  unsupported: string
  /** Title of a card that only has buttons. */
  card: string
  /** Below a card of which this button was clicked. */
  clicked(button: string): string
}

/** A turn's bubble, from the placeholder to the frame that is repeated for ever, and what the platform has of it. */
export class Bubble {
  /** The platform was given a frame. */
  isOpened = false
  /** The platform was given the closing frame; whether it arrived is not known yet. */
  isClosing = false
  /** The closing frame has arrived. */
  isFetched = false
  /** Set once the stream is closed; every later poll gets this frame again. */
  closed?: Frame
  /** What of the turn's text could be read when the stream was closed. */
  shown = ''
  private cached?: { version: number, frame: Frame }

  constructor(
    readonly turn: Turn,
    readonly placeholder: string,
    readonly notices: Notices,
  ) {}

  /** The platform has not been told the end of it. */
  get isUnfinished() {
    return this.isOpened && !this.isClosing
  }

  /** The bubble as the platform is given it now. */
  frame(): Frame {
    this.isOpened = true
    if (!this.closed) return this.snapshot()
    this.isClosing = true
    return this.closed
  }

  /** Whether the closing frame has reached the platform. */
  arrived(hasArrived: boolean) {
    this.isClosing = hasArrived
    this.isFetched ||= hasArrived
  }

  /** The bubble while the answer grows. */
  private snapshot(): Frame {
    const { version } = this.turn
    if (this.cached?.version !== version) {
      const [content] = cut(this.turn.text, MAX_STREAM_BYTES)
      this.cached = { version, frame: { content: content || this.placeholder, finish: false } }
    }
    return this.cached.frame
  }

  /**
   * Closes the stream with the turn's text, or as much of it as fits.
   * @param note said below it
   * @param room the longest note for which the text has to leave room
   */
  finish(note = '', room = note) {
    const { text, images, card, cardButtons } = this.turn
    const [head] = this.fit(text, room)
    this.shown = head
    const content = [head, note].filter(isVisible).join('\n\n')
    const mark = images.length ? '🖼' : card || cardButtons.length ? '🗂' : undefined
    this.closed = { content: content || (mark ?? this.notices.silent), finish: true, images }
  }

  /** Closes the stream although the answer is still being made. */
  handOver(note: string) {
    const [head] = this.fit(this.turn.text, note)
    this.shown = head
    this.closed = { content: isVisible(head) ? `${head}\n\n${note}` : note, finish: true }
  }

  /** The turn's text was delivered on another way. */
  redirect(note = this.notices.elsewhere) {
    this.closed = { content: note, finish: true }
  }

  /** What of the turn's text could not be read when the stream was closed. */
  rest(): string {
    const { turn: { text }, shown } = this
    return resume(text, common(text, shown))
  }

  /** What fits into the bubble together with a note, and what does not. */
  fit(text: string, note = ''): [head: string, rest: string] {
    return cut(text, MAX_STREAM_BYTES - (note ? Buffer.byteLength(note) + 2 : 0))
  }
}

/** Where a text leaves what was shown of it, which may end in a fence or a thought that was closed for showing only. */
function common(text: string, shown: string): number {
  let at = 0
  while (at < shown.length && text[at] === shown[at]) at++
  return /^[\s>`~]*(?:<?\/think>)?$/.test(shown.slice(at)) ? at : 0
}

/** WeCom ignores a frame in which nothing can be seen, and its bubble goes on spinning. */
export function isVisible(text: string) {
  return /[^\s\p{Cf}\p{Cc}\u2800\u3164]/u.test(text.replace(/<think>\s*<\/think>/g, ''))
}

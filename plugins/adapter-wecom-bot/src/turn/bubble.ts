import type { Frame } from '../protocol/reply'
import { MAX_STREAM_BYTES } from '../protocol/limits'
import { cut, resume } from '../render/split'
import type { Notices } from './notices'
import type { Turn } from './turn'

/** The streamed message of a turn: its frames from the placeholder to the final one, and which of them arrived. */
export class Bubble {
  /** The platform was given a frame. */
  isOpened = false
  /** The platform was given the final frame; it may not have arrived. */
  isFinalFrameSent = false
  /** The final frame has arrived. */
  isFinalFrameDelivered = false
  /** Set once the stream is closed; every later poll gets this frame again. */
  finalFrame?: Frame
  /** Part of the turn's text that the final frame shows. */
  shownText = ''
  private cachedFrame?: Frame
  /** Of the turn, when the frame was made. */
  private cachedVersion = 0

  constructor(
    readonly turn: Turn,
    readonly placeholder: string,
    readonly notices: Notices,
  ) {}

  /** The platform has not been given the final frame. */
  get isUnfinished() {
    return this.isOpened && !this.isFinalFrameSent
  }

  /** The current frame, as given to the platform. */
  frame(): Frame {
    this.isOpened = true
    if (!this.finalFrame) return this.growingFrame()
    this.isFinalFrameSent = true
    return this.finalFrame
  }

  /** The current frame, for others to give to the platform. */
  peek(): Frame {
    return this.finalFrame ?? this.growingFrame()
  }

  /** @param isDelivered whether the final frame has reached the platform */
  confirmFinalFrame(isDelivered: boolean) {
    this.isFinalFrameSent = isDelivered
    this.isFinalFrameDelivered ||= isDelivered
  }

  /**
   * Closes the stream with the turn's text, or as much of it as fits.
   * @param note added below the text
   * @param room the longest note to leave room for
   */
  close(note = '', room = note) {
    const { text, images, card, cardButtons } = this.turn
    const [head] = this.fit(text, room)
    this.shownText = head
    const content = [head, note].filter(isVisible).join('\n\n')
    const mark = images.length ? '🖼' : card || cardButtons.length ? '🗂' : undefined
    this.finalFrame = { content: content || (mark ?? this.notices.silent), finish: true, images }
  }

  /** Closes the stream before the answer is complete. */
  closeUnfinished(note: string) {
    const [head] = this.fit(this.turn.text, note)
    this.shownText = head
    this.finalFrame = { content: isVisible(head) ? `${head}\n\n${note}` : note, finish: true }
  }

  /** Closes the stream with a note only: the text was delivered in another way. */
  closeWith(note: string) {
    this.finalFrame = { content: note, finish: true }
  }

  /** The part of the turn's text that the final frame does not show. */
  remainder(): string {
    const { turn: { text }, shownText } = this
    return resume(text, commonLength(text, shownText))
  }

  /** Splits a text into what fits into the bubble together with a note, and the rest. */
  fit(text: string, note = ''): [head: string, rest: string] {
    return cut(text, MAX_STREAM_BYTES - (note ? Buffer.byteLength(note) + 2 : 0))
  }

  private growingFrame(): Frame {
    const { version } = this.turn
    if (!this.cachedFrame || this.cachedVersion !== version) {
      const [content] = cut(this.turn.text, MAX_STREAM_BYTES)
      this.cachedFrame = { content: content || this.placeholder, finish: false }
      this.cachedVersion = version
    }
    return this.cachedFrame
  }
}

/** Length of the common prefix. The shown text may end in a fence or a thought that was closed for display only. */
function commonLength(text: string, shown: string): number {
  let at = 0
  while (at < shown.length && text[at] === shown[at]) at++
  return /^[\s>`~]*(?:<?\/think>)?$/.test(shown.slice(at)) ? at : 0
}

/** WeCom ignores a frame without visible characters, and its loading animation does not stop. */
export function isVisible(text: string) {
  return /[^\s\p{Cf}\p{Cc}\u2800\u3164]/u.test(text.replace(/<think>\s*<\/think>/g, ''))
}

import { Violation, errors } from './frame'

/** One message of the bot, as a person sees it. */
export interface ShownMessage {
  type: string
  /** Text of a stream, a text or a Markdown message. */
  content: string
  /** `false` while a stream can still change. */
  isFinished: boolean
  /** Milliseconds since 1970. */
  shownAt: number
  /** Id of a stream. */
  streamId?: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  card?: any
  mediaId?: string
  /** Number of frames that changed a stream. */
  frames: number
}

interface Stream {
  id: string
  content: string
  finish: boolean
}

/** What one conversation shows. */
export class Screen {
  readonly messages: ShownMessage[] = []

  /** Texts of all messages; a stream that can still change ends in `…`. */
  get texts(): string[] {
    return this.messages.map(({ content, isFinished }) => isFinished ? content : `${content}…`)
  }

  stream(streamId: string) {
    return this.messages.find(message => message.streamId === streamId)
  }

  /**
   * Opens a stream or replaces its content. The last frame may be repeated.
   * @throws {Violation}
   */
  showStream({ id, content, finish }: Stream, now: number): ShownMessage {
    const shown = this.stream(id)
    if (!shown) return this.add({ type: 'stream', content, isFinished: finish, shownAt: now, streamId: id, frames: 1 })
    if (shown.isFinished) {
      if (finish && content === shown.content) return shown
      throw new Violation(errors.expired, 'a frame after the last frame of its stream')
    }
    // WeCom ignores frames without visible text.
    if (content.trim() || finish) shown.content = content
    shown.isFinished = finish
    shown.frames++
    return shown
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  show(body: any, now: number): ShownMessage {
    const type = body.msgtype as string
    return this.add({
      type,
      content: body[type]?.content ?? '',
      isFinished: true,
      shownAt: now,
      card: body.template_card,
      mediaId: body[type]?.media_id,
      frames: 1,
    })
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  updateCard(card: any) {
    for (const message of this.messages) {
      if (message.card?.task_id === card.task_id) message.card = card
    }
  }

  private add(message: ShownMessage): ShownMessage {
    this.messages.push(message)
    return message
  }
}

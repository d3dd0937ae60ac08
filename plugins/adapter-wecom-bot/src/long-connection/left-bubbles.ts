import { WecomApiError } from '../api/client'
import { streamReply } from '../protocol/reply'
import type { StoredStream, StreamStore } from '../storage/streams'
import { interrupted } from '../turn/interrupted'
import type { Notices } from '../turn/notices'
import type { ConversationSender } from '../websocket/conversation-sender'
import { addressOfOwner } from '../websocket/conversation-sender'
import { errcodes, isRefusal } from '../websocket/refusal'

/** Bubbles are closed when the process was away for less than this; later, the person has long asked again. */
export const MAX_LEFT_AGE_MS = 15 * 60_000
/** How long a last frame waits for a connection. */
const READY_TIMEOUT_MS = 5 * 60_000

export interface LeftBubblesContext {
  streams: Pick<StreamStore, 'unconfirmed' | 'save'>
  sender: Pick<ConversationSender, 'send'>
  notices: Pick<Notices, 'interrupted'>
  /** Content of a bubble before the first message. */
  placeholder: string
  /** Whether this process answers in the stream. */
  isOwn(streamId: string): boolean
  /** A bubble could not be closed. */
  failed(error: WecomApiError): void
}

/** Closes the bubbles that an earlier process has left open which was killed. */
export async function closeLeftBubbles(context: LeftBubblesContext): Promise<void> {
  const streams = await context.streams.unconfirmed(MAX_LEFT_AGE_MS)
  const left = streams.filter(({ streamId }) => !context.isOwn(streamId))
  await Promise.all(left.map(stream => closeLeftBubble(stream, context)))
}

/**
 * Closes a bubble of a process that was killed: with the whole answer if that was known, else with what it showed and a
 * notice. WeCom takes a last frame again that it had already.
 * @returns whether nothing is left to be done: otherwise there was no connection, or its acknowledgement did not come
 */
export async function closeLeftBubble(
  stream: StoredStream,
  { streams, sender, notices, placeholder, failed }: LeftBubblesContext,
): Promise<boolean> {
  const { requestId, ...rest } = stream
  const content = stream.finished && stream.content
    ? stream.content
    : interrupted(stream.content, placeholder, notices.interrupted)
  const address = addressOfOwner(stream.owner)
  try {
    const body = streamReply(stream.streamId, { content, finish: true })
    await sender.send(address, body, { requestId, isReplyOnly: true, readyTimeoutMs: READY_TIMEOUT_MS })
  } catch (error) {
    if (!(error instanceof WecomApiError)) throw error
    const isClosed = isRefusal(error, errcodes.streamExpired, errcodes.requestIdInvalid)
    if (!isClosed) {
      failed(error)
      return error.failure === 'refused'
    }
    // A whole answer has most likely arrived, and the stream is closed for that reason.
    if (!stream.finished) await say(notices.interrupted)
  }
  streams.save({ ...rest, content, finished: true })
  return true

  async function say(notice: string) {
    try {
      await sender.send(address, { msgtype: 'markdown', markdown: { content: notice } }, { readyTimeoutMs: READY_TIMEOUT_MS })
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      failed(error)
    }
  }
}

import { WecomApiError } from '../api/client'
import { MAX_STREAM_BYTES } from '../protocol/limits'
import { streamReply } from '../protocol/reply'
import { cut } from '../render/split'
import type { StoredStream, StreamStore } from '../storage/streams'
import type { Notices } from '../turn/notices'
import type { ConversationSender } from '../websocket/conversation-sender'
import { addressOfOwner } from '../websocket/conversation-sender'
import { errcodes, isRefusal } from '../websocket/refusal'

/** Bubbles are closed when the process was away for less than this; later, the person has long asked again. */
const MAX_AGE_MS = 15 * 60_000
/** How long a last frame waits for a connection. */
const READY_TIMEOUT_MS = 5 * 60_000

export interface LeftBubblesContext {
  streams: Pick<StreamStore, 'unconfirmed' | 'save'>
  sender: Pick<ConversationSender, 'send'>
  notices: Pick<Notices, 'interrupted'>
  /** Whether this process answers in the stream. */
  isOwn(streamId: string): boolean
  /** A bubble could not be closed. */
  failed(error: WecomApiError): void
}

/**
 * Closes the bubbles that a process has left open which was killed: with the whole answer if that was known, else with
 * what they showed and a notice. WeCom takes a last frame again that it had already.
 */
export async function closeLeftBubbles(context: LeftBubblesContext): Promise<void> {
  const streams = await context.streams.unconfirmed(MAX_AGE_MS)
  await Promise.all(streams.filter(({ streamId }) => !context.isOwn(streamId)).map(stream => close(stream, context)))
}

async function close(stream: StoredStream, { streams, sender, notices, failed }: LeftBubblesContext) {
  const { requestId, ...rest } = stream
  const content = stream.finished && stream.content ? stream.content : withNotice(stream.content, notices.interrupted)
  const address = addressOfOwner(stream.owner)
  try {
    const body = streamReply(stream.streamId, { content, finish: true })
    await sender.send(address, body, { requestId, isReplyOnly: true, readyTimeoutMs: READY_TIMEOUT_MS })
  } catch (error) {
    if (!(error instanceof WecomApiError)) throw error
    const isClosed = isRefusal(error, errcodes.streamExpired, errcodes.requestIdInvalid)
    if (!isClosed) return failed(error)
    // A whole answer has most likely arrived, and the stream is closed for that reason.
    if (!stream.finished) await say(notices.interrupted)
  }
  streams.save({ ...rest, content, finished: true })

  async function say(notice: string) {
    try {
      await sender.send(address, { msgtype: 'markdown', markdown: { content: notice } }, { readyTimeoutMs: READY_TIMEOUT_MS })
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error
      failed(error)
    }
  }
}

function withNotice(content: string, notice: string): string {
  const [head] = cut(content, MAX_STREAM_BYTES - Buffer.byteLength(notice) - 2)
  return [head, notice].filter(Boolean).join('\n\n')
}

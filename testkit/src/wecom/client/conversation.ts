import type { CallbackClient, CallbackResponse, Overrides } from './callback'
import { ReplyError } from './envelope'
import { SendError } from './http'
import type { Payload, PayloadOptions } from './payload'
import type { Reply } from './reply-rules'

/** One state of a streamed reply. */
export interface StreamFrame {
  /** The whole text up to now. */
  content: string
  finish: boolean
  /** The complete reply. */
  raw: Reply
}

/**
 * WeCom stops polling six minutes after the message.
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
const POLLING_LIMIT_MS = 6 * 60 * 1000

/** Deliveries of one message, and consecutive polls that may fail. */
const MAX_ATTEMPTS = 3

function statusError(status: number) {
  return new ReplyError(`机器人返回了状态码 ${status} / the bot returned status ${status}`)
}

/** See `WecomClient.deliver`. */
export async function deliver(client: CallbackClient, payload: Payload, o: Overrides): Promise<CallbackResponse> {
  const { eventtype } = (payload.event ?? {}) as { eventtype?: string }
  for (let left = eventtype === 'template_card_event' ? 0 : MAX_ATTEMPTS - 1; ; left--) {
    try {
      const response = await client.post(payload, o)
      if (response.status === 200) return response
      if (!left) throw statusError(response.status)
    } catch (error) {
      if (!left || o.signal?.aborted || !(error instanceof SendError)) throw error
    }
  }
}

/** Polls until one poll succeeds. Resolves with `undefined` after the deadline or an abort. */
async function pollUntilAnswered(
  client: CallbackClient, id: string, deadline: number, o: PayloadOptions & Overrides,
): Promise<Reply | undefined> {
  const { clock, pollInterval } = client
  for (let failures = 1; ; failures++) {
    await clock.sleep(pollInterval, o.signal)
    if (o.signal?.aborted || clock.now() > deadline) return
    try {
      const { status, reply } = await client.poll(id, o)
      if (status !== 200) throw statusError(status)
      if (!reply?.stream) throw new ReplyError('轮询的回复里没有 stream / the reply to a poll has no stream')
      return reply
    } catch (error) {
      if (o.signal?.aborted) return
      if (failures === MAX_ATTEMPTS) throw error
    }
  }
}

/** See `WecomClient.ask`. */
export async function* watchStream(
  client: CallbackClient, payload: Payload, o: PayloadOptions & Overrides,
): AsyncGenerator<StreamFrame> {
  const deadline = client.clock.now() + POLLING_LIMIT_MS
  const chat = { ...o, chatId: payload.chatid, userId: payload.from?.userid, botId: payload.aibotid, msgId: undefined }
  let { reply }: { reply?: Reply } = await deliver(client, payload, o)
  while (reply && (reply.msgtype || reply.response_type)) {
    const { stream, text } = reply
    yield { content: stream?.content ?? text?.content ?? '', finish: stream?.finish ?? true, raw: reply }
    if (!stream || stream.finish) return
    reply = await pollUntilAnswered(client, stream.id, deadline, chat)
  }
}

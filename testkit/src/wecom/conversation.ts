import type { Answer, Overrides, WecomClient } from './client'
import { ReplyError } from './envelope'
import { SendError } from './http'
import type { Payload, PayloadOptions } from './payload'
import type { Reply } from './rules'

/** One state of the bubble. */
export interface Frame {
  /** All of the text so far. */
  content: string
  finish: boolean
  /** The whole reply. */
  raw: Reply
}

/** https://developer.work.weixin.qq.com/document/path/100719: the polling ends six minutes after the message. */
const patience = 6 * 60 * 1000

/** How often a message is delivered, and how many polls in a row may fail. */
const attempts = 3

function statusError(status: number) {
  return new ReplyError(`机器人答复了状态码 ${status} / the bot answered with status ${status}`)
}

/** See `WecomClient.deliver`. */
export async function deliver(client: WecomClient, payload: Payload, o: Overrides): Promise<Answer> {
  const { eventtype } = (payload.event ?? {}) as { eventtype?: string }
  for (let left = eventtype === 'template_card_event' ? 0 : attempts - 1; ; left--) {
    try {
      const answer = await client.post(payload, o)
      if (answer.status === 200) return answer
      if (!left) throw statusError(answer.status)
    } catch (error) {
      if (!left || o.signal?.aborted || !(error instanceof SendError)) throw error
    }
  }
}

/** Polls until one poll is answered; nothing when the time is over. */
async function refresh(client: WecomClient, id: string, deadline: number, o: PayloadOptions & Overrides) {
  const { clock, options: { pollInterval = 1000 } } = client
  for (let failures = 1; ; failures++) {
    await clock.sleep(pollInterval, o.signal)
    if (o.signal?.aborted || clock.now() > deadline) return
    try {
      const { status, reply } = await client.poll(id, o)
      if (status !== 200) throw statusError(status)
      if (!reply?.stream) throw new ReplyError('轮询没有得到内容 / a poll was answered with nothing')
      return reply
    } catch (error) {
      if (o.signal?.aborted) return
      if (failures === attempts) throw error
    }
  }
}

/** See `WecomClient.ask`. */
export async function* watch(
  client: WecomClient, payload: Payload, o: PayloadOptions & Overrides,
): AsyncGenerator<Frame> {
  const deadline = client.clock.now() + patience
  const place = { ...o, chatId: payload.chatid, userId: payload.from?.userid, botId: payload.aibotid, msgId: undefined }
  let { reply }: { reply?: Reply } = await deliver(client, payload, o)
  while (reply && (reply.msgtype || reply.response_type)) {
    const { stream, text } = reply
    yield { content: stream?.content ?? text?.content ?? '', finish: stream?.finish ?? true, raw: reply }
    if (!stream || stream.finish) return
    reply = await refresh(client, stream.id, deadline, place)
  }
}

import { CallbackError } from '../protocol/callback-error'
import { randomSalt } from '../protocol/crypto'
import type { Event } from '../protocol/payload'
import type { StreamStore } from '../storage/streams'
import type { TurnController } from '../turn/turn-controller'

/**
 * Claims the message of a new turn, so that no other process answers it. If that fails, the turn is forgotten.
 * @param isReplayed a callback with the same signature was received before
 * @returns the id of the stream that another process, or an earlier one, answers the message in
 * @throws {CallbackError} `replay` for a repetition that this process had received before
 */
export async function claim(
  turn: TurnController,
  streams: StreamStore,
  isReplayed: boolean,
): Promise<string | undefined> {
  const streamId = await streams.claim(turn.turn.stored())
  if (streamId === turn.id && !isReplayed) return
  turn.forget()
  if (streamId !== turn.id) return streamId
  throw new CallbackError('replay')
}

/**
 * Claims an event, so that plugins receive it in one process only.
 * @returns whether this call won
 */
export async function claimEvent(event: Event, streams: StreamStore): Promise<boolean> {
  const { type, msgId, botId, userId, chatId } = event
  const streamId = randomSalt().toString('hex')
  return streamId === await streams.claim({
    streamId,
    // Apart from messages and from other events, which may have the same id.
    msgId: JSON.stringify([type, userId, msgId]),
    owner: { botId, userId, chatId },
    content: '',
    finished: true,
  })
}

import type { Clock } from 'common/time'
import { SingleFlight, withTimeout } from 'common/async'
import { rowKey } from 'common/database'
import { ExpiringMap } from 'common/collections'
import type { RowAccess } from '../row-access'
import type { StoredStream, StreamStore } from '../streams'
import { MAX_SAVE_DELAY_MS, STREAM_LIFETIME_MS } from '../streams'
import type { TurnRow } from '../tables'
import { expiresAfter, unexpired } from './expiry'
import { oldKey } from './old-keys'
import { WriteBehind } from './write-behind'

const MAX_LOST_CLAIMS = 1000
const MAX_BLANK_STREAMS = 10_000

/**
 * Streams in the database. Updates are not atomic in every driver; inserts and deletes are, so a message is claimed by
 * inserting its row.
 */
export class DatabaseStreamStore implements StreamStore {
  private readonly unsaved = new Map<string, StoredStream>()
  /** Claims that are not decided yet, by message. */
  private readonly claims = new SingleFlight<string>()
  /** Streams whose claim was lost after the answer had begun: they must not overwrite the winner's row. */
  private readonly lost: ExpiringMap<true>
  /** Streams that have shown no text yet. Their rows say so since the claim. */
  private readonly blank: ExpiringMap<true>
  private readonly writes: WriteBehind<TurnRow>

  constructor(readonly access: RowAccess, readonly clock: Clock) {
    this.blank = new ExpiringMap(clock, STREAM_LIFETIME_MS, MAX_BLANK_STREAMS)
    this.lost = new ExpiringMap(clock, STREAM_LIFETIME_MS, MAX_LOST_CLAIMS)
    this.writes = new WriteBehind(access, clock, {
      take: () => this.take(),
      write: (database, rows) => database.upsert('wecom_bot_turn', rows),
    })
  }

  get isLate() {
    return this.writes.isLate
  }

  async claim(stream: StoredStream): Promise<string> {
    const key = messageKey(stream)
    // Some drivers look for duplicates before they insert: two claims at once would both succeed.
    const decision = this.claims.run(key, () => this.insert(stream))
    this.blank.set(stream.streamId, true)
    void decision.then((winner) => {
      if (winner === stream.streamId) return
      this.lost.set(stream.streamId, true)
      this.unsaved.delete(stream.streamId)
    })
    return this.access.soon(decision, stream.streamId)
  }

  save(stream: StoredStream) {
    if (this.lost.get(stream.streamId)) return
    if (this.blank.get(stream.streamId) && !stream.finished && !showsText(stream.content)) return
    this.blank.delete(stream.streamId)
    this.unsaved.set(stream.streamId, stream)
    this.writes.schedule()
  }

  written(): Promise<void> {
    return withTimeout(this.writes.flush(), MAX_SAVE_DELAY_MS, this.clock, () => {})
  }

  find(streamId: string): Promise<StoredStream | undefined> {
    return this.access.read(async (database) => {
      const rows = await database.get('wecom_bot_turn', { stream: streamId, ...unexpired(this.clock) })
      const row = rows.find(({ stream }) => stream === streamId)
      return row && fromRow(row)
    })
  }

  unconfirmed(withinMs: number): Promise<StoredStream[]> {
    return this.access.try([], async (database) => {
      // A row expires a lifetime after it was shown, and `expires` has an index.
      const expires = { $gt: expiresAfter(this.clock, STREAM_LIFETIME_MS - withinMs) }
      const rows = await database.get('wecom_bot_turn', { expires })
      return rows.filter(({ request }) => request).map(fromRow)
    })
  }

  async dispose() {
    await this.access.soon(Promise.all(this.claims.all()), undefined)
    await this.writes.dispose()
  }

  private insert(stream: StoredStream): Promise<string> {
    return this.access.tryAtOnce(stream.streamId, async (database) => {
      if (this.access.hasOldKeys) {
        const { owner: { botId }, msgId } = stream
        const rows = await database.get('wecom_bot_turn', { message: oldKey(botId, msgId) }, ['stream', 'msgId', 'botId'])
        const row = rows.find(row => row.msgId === msgId && row.botId === botId)
        if (row) return row.stream
      }
      try {
        await database.create('wecom_bot_turn', toRow(stream, this.clock))
        return stream.streamId
      } catch (error) {
        const [row] = await database.get('wecom_bot_turn', { message: messageKey(stream) }, ['stream'])
        if (!row) throw error
        return row.stream
      }
    })
  }

  /** Streams whose claim is not decided wait for the next flush. */
  private take(): TurnRow[] {
    const streams = [...this.unsaved.values()].filter(stream => !this.claims.get(messageKey(stream)))
    for (const { streamId } of streams) this.unsaved.delete(streamId)
    if (this.unsaved.size) this.writes.schedule()
    return streams.map(stream => toRow(stream, this.clock))
  }
}

/** Whether there is more than an empty thought, which WeCom shows as its loading animation. */
function showsText(content: string): boolean {
  return /\S/.test(content.replace(/<think>\s*<\/think>/g, ''))
}

function messageKey({ owner, msgId }: StoredStream): string {
  return rowKey(owner.botId, msgId)
}

function toRow(stream: StoredStream, clock: Clock): TurnRow {
  const { streamId, msgId, owner, content, finished, requestId = '' } = stream
  return {
    message: messageKey(stream),
    stream: streamId,
    msgId,
    botId: owner.botId,
    userId: owner.userId,
    chatId: owner.chatId ?? '',
    content,
    finished,
    request: requestId,
    shown: new Date(clock.now()),
    expires: expiresAfter(clock, STREAM_LIFETIME_MS),
  }
}

function fromRow({ stream, msgId, botId, userId, chatId, content, finished, request }: TurnRow): StoredStream {
  const owner = { botId, userId, chatId: chatId || undefined }
  return { streamId: stream, msgId, owner, content, finished, ...request && { requestId: request } }
}

import type { Context, Session } from 'koishi'
import type { Clock } from '../../../gemini-chat/src/util/clock'
import { Deduplicator } from '../../../gemini-chat/src/util/dedupe'
import type { Shelf } from '../storage/open-cards'

declare module 'koishi' {
  interface Tables {
    gemini_dingtalk_message: MessageRow
  }
}

/** A message that was taken. */
export interface MessageRow {
  id: string
  at: Date
}

const RETENTION = 600_000

/** Declares the table. It may be called before there is a database. */
export function declareMessages(ctx: Context) {
  ctx.model.extend('gemini_dingtalk_message', { id: 'string(255)', at: 'timestamp' }, { primary: 'id' })
}

/** Knows the messages of the last ten minutes, in spite of a restart where there is a database. */
export class Seen {
  private readonly memory: Deduplicator
  private sweptAt = 0

  constructor(private readonly shelf: Shelf, private readonly clock: Clock) {
    this.memory = new Deduplicator(() => clock.now(), RETENTION)
  }

  /** Whether this very message came before. It is asked once for each session. */
  async isRepeated(session: Session): Promise<boolean> {
    if (!session.messageId) return false
    if (this.memory.isRepeated(session)) return true
    const id = `${session.selfId}:${session.messageId}`
    return await this.shelf.use(async (database) => {
      const now = this.clock.now()
      const [known] = await database.get('gemini_dingtalk_message', { id })
      if (known && now - known.at.getTime() < RETENTION) return true
      await database.upsert('gemini_dingtalk_message', [{ id, at: new Date(now) }])
      if (now - this.sweptAt < RETENTION) return false
      this.sweptAt = now
      await database.remove('gemini_dingtalk_message', { at: { $lte: new Date(now - RETENTION) } })
      return false
    }) ?? false
  }
}

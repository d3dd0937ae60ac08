import type { StoredStream, StreamStore } from '../storage/streams'
import type { SharedTurns } from './shared-turns'

/** Streams that all instances see, on top of those that survive a restart. */
export class SharedStreamStore implements StreamStore {
  constructor(private readonly turns: SharedTurns, private readonly inner: StreamStore) {}

  get isLate() {
    return this.inner.isLate
  }

  async claim(stream: StoredStream): Promise<string> {
    if (!this.turns.state) return this.inner.claim(stream)
    const winner = await this.turns.claim(stream)
    if (winner !== stream.streamId) return winner
    const stored = await this.inner.claim(stream)
    if (stored !== stream.streamId) this.turns.close(stream.streamId)
    return stored
  }

  async unclaim(stream: StoredStream) {
    await this.turns.unclaim(stream)
  }

  save(stream: StoredStream) {
    this.inner.save(stream)
    this.turns.show(stream)
  }

  written() {
    return this.inner.written()
  }

  async find(streamId: string): Promise<StoredStream | undefined> {
    if (!this.turns.state) return this.inner.find(streamId)
    return (await this.turns.look(streamId))?.stream ?? this.inner.find(streamId)
  }

  /** Redis may not know that a bubble was closed while it was away. */
  async isClosed(streamId: string): Promise<boolean> {
    const stream = await this.inner.find(streamId)
    return !!stream?.finished && !stream.requestId
  }

  /** Among several instances a bubble is not left because one does not know it. */
  async unconfirmed(withinMs: number): Promise<StoredStream[]> {
    return this.turns.state ? [] : this.inner.unconfirmed(withinMs)
  }
}

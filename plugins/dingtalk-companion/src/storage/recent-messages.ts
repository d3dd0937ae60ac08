import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'

const LIFE_MS = 86_400_000
const MAX_MESSAGES = 1000
/** Between the times at which a message was sent and at which DingTalk says that it was. */
const TIME_TOLERANCE_MS = 5000

interface SentText {
  channelId: string
  text: string
  /** Milliseconds since 1970. */
  time: number
}

/** What the robot has said within a day, for messages that reply to it: DingTalk does not tell what they quote. */
export class SentTexts {
  /** By DingTalk's key of the message, or an id of our own. */
  private readonly texts: ExpiringMap<SentText>

  constructor(private readonly clock: Clock) {
    this.texts = new ExpiringMap(clock, LIFE_MS, MAX_MESSAGES)
  }

  add(key: string, channelId: string, text: string) {
    this.texts.set(key, { channelId, text, time: this.texts.get(key)?.time ?? this.clock.now() })
  }

  /**
   * @param key DingTalk's, where it tells one
   * @param time at which the message was sent, for messages without a key
   */
  find(channelId: string, key: string | undefined, time: number | undefined): string | undefined {
    const known = key && this.texts.get(key)
    if (known) return known.text
    if (time === undefined) return
    let nearest: SentText | undefined
    for (const sent of this.texts.values()) {
      const distance = Math.abs(sent.time - time)
      if (sent.channelId !== channelId || distance > TIME_TOLERANCE_MS) continue
      if (!nearest || distance < Math.abs(nearest.time - time)) nearest = sent
    }
    return nearest?.text
  }
}

import type { FallbackDelivery } from './fallback'
import { DeliveryError } from '../api/delivery-error'
import type { Notices } from './bubble'
import type { Turn } from './turn'
import type { Said } from '../render/said'
import { inWords } from '../render/said'

/** What became of a message that was sent on another way than the stream. */
export interface Delivery {
  /** All of it, in characters. */
  total: number
  /** What nobody got. */
  lost: number
  /** What WeCom did not confirm. */
  doubtful: number
}

/**
 * Lets the other ways out do their work. Failures are for the log and for whoever can still be told.
 * @param failed told why not all of it got out
 */
export async function deliver(
  outlet: FallbackDelivery,
  turn: Turn,
  said: Said,
  failed: (error: unknown) => void,
): Promise<Delivery> {
  const total = inWords(said).length
  try {
    await outlet.send(turn, said)
    return { total, lost: 0, doubtful: 0 }
  } catch (error) {
    failed(error)
    if (!(error instanceof DeliveryError)) return { total, lost: total, doubtful: 0 }
    const { code, lost, doubtful } = error
    // What waits for the next start is not lost.
    return { total, lost: code === 'deferred' ? 0 : lost - doubtful, doubtful }
  }
}

/** Some of it is where it cannot be taken back from, or may be: it must not be sent again. */
export function isOut({ total, lost }: Delivery): boolean {
  return lost < total
}

/**
 * Says in the bubble what became of it.
 * @param sent the sentence for what got out
 */
export function account({ total, lost, doubtful }: Delivery, sent: string, notices: Notices): string {
  return [
    lost + doubtful < total && sent,
    doubtful && notices.unconfirmed(doubtful),
    lost && notices.lost(lost),
  ].filter(Boolean).join('\n\n')
}

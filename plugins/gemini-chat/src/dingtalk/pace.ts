/** How often a card shows how far an answer has come. */
export type Pace = 'live' | 'economy' | 'off'

/** Early frames tell the most; later ones only that there is more. */
const economy = [800, 2000, 5000, 12_000]

/**
 * How long to wait before the next frame.
 * @param frames how many were shown already
 * @returns milliseconds; undefined when no more are to be shown before the last
 */
export function gapOf(pace: Pace, frames: number): number | undefined {
  return pace === 'live' ? 1000 : economy[frames]
}

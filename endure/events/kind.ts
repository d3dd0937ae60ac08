import type { Tally } from '../tally'
import type { World } from '../world'

/** Chooses between the sizes of the short and the full run. */
export type Size = (short: number, full: number) => number

/** A kind of event of a month in the field. */
export interface EventKind {
  name: string
  /** While the instance is down, platforms cannot deliver questions, and tell people so. */
  isDowntime?: boolean
  run(world: World, tally: Tally, size: Size): Promise<void>
}

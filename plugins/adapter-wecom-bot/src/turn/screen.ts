/** The platform's side of one bubble. */
export interface Screen {
  /** Its frames are sent as they change. Otherwise the platform polls for them. */
  readonly isPushed: boolean
  /** The bubble has changed, or is to be shown. */
  changed(): void
  /** The answer is delivered: the bubble does not change any more. */
  delivered?(): void
  /** Whether this instance still answers. Set if another one can take over. */
  isOwn?(): Promise<boolean>
  /**
   * Keeps other instances from showing the last frame, so that it can be delivered in another way.
   * @returns `false` if it was shown already, or this instance does not answer any more
   */
  takeBack?(): Promise<boolean>
  /** The frame may be shown again: that other way has succeeded or failed, and the frame says so. */
  giveBack?(): void
  dispose(): void
}

/** A bubble whose frames are the replies to polls: they are as new as the poll. */
export const polledScreen: Screen = { isPushed: false, changed() {}, dispose() {} }

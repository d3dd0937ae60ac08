/** The platform's side of one bubble. */
export interface Screen {
  /** Its frames are sent as they change. Otherwise the platform polls for them. */
  readonly isPushed: boolean
  /** The bubble has changed, or is to be shown. */
  changed(): void
  dispose(): void
}

/** A bubble whose frames are the replies to polls: they are as new as the poll. */
export const polledScreen: Screen = { isPushed: false, changed() {}, dispose() {} }

/** What makes the database fail: an error at once, or a lock that is given up after `waitMs`. */
export interface DatabaseFailure {
  message: string
  waitMs: number
}

/** Where the next message, or the next moment, meets an exception of another plugin. */
export type ThrowingPlace = 'middleware' | 'listener' | 'timer'

export interface PluginChange {
  key: string
  /** Settings to replace. */
  settings: object
}

export interface WriteFailure {
  /** Files whose path begins with this. */
  prefix: string
  code: 'ENOSPC' | 'EROFS'
}

export interface InstanceUsage {
  pid: number
  /** Megabytes, after a full garbage collection. */
  heap: number
  rss: number
  /** Open handles of libuv: sockets, servers, pipes. */
  handles: number
  /** Timers that were set and have neither fired nor been cleared. */
  timers: number
  /** Open file descriptors. */
  files: number
  /** Rows of each table; empty while there is no database. */
  rows: Record<string, number>
}

/** The actions inside the instance, with their argument and result. */
export interface Actions {
  usage: () => Promise<InstanceUsage>
  /** Sets the wall clock so many milliseconds off the real time. The monotonic clock stays. */
  clock: (offsetMs: number) => void
  /** Lets time pass for both clocks at once, and fires all timers that are due by then. */
  pass: (ms: number) => void
  files: (failure: WriteFailure | null) => void
  database: (failure: DatabaseFailure | null) => void
  dispose: (key: string) => void
  restore: (key: string) => Promise<void>
  update: (change: PluginChange) => Promise<void>
  throw: (place: ThrowingPlace) => void
  log: (lines: number) => void
  logLine: (text: string) => void
  refreshToken: () => Promise<void>
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Counts what happens for each key, within the last minute and the last hour. */
export class RateMeter {
  private readonly times = new Map<string, number[]>()

  constructor(private readonly perMinute: number, private readonly perHour: number) {}

  /** Counts an occurrence. @returns whether it is within both limits; one beyond them is not counted */
  count(key: string, now: number): boolean {
    const times = (this.times.get(key) ?? []).filter(time => time > now - HOUR_MS)
    this.times.set(key, times)
    const inMinute = times.filter(time => time > now - MINUTE_MS).length
    if (times.length >= this.perHour || inMinute >= this.perMinute) return false
    times.push(now)
    return true
  }
}

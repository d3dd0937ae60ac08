import { fileSizes } from '../growth'
import type { EventKind } from './kind'

const DAY_MS = 86_400_000
const DAYS = 30
/** The log plugin keeps 30 days; the instance keeps 64 MB. */
const MAX_LOG_DAYS = 32

/** Days pass one by one: log files change, everything that is kept for a time is swept. */
export const month: EventKind = {
  name: 'days pass, with log rotation and sweeping',
  async run(world, tally, size) {
    for (let day = 1; day <= DAYS; day++) {
      await world.pass(DAY_MS)
      tally.happened()
      await world.instance.call('log', size(300, 1500))
      if (day % size(15, 1) === 0) await tally.askAfterwards()
    }
    await world.sleep(500)
    const logs = (await fileSizes(world.instance.data)).filter(({ name }) => name.startsWith('logs/'))
    const days = new Set(logs.map(({ name }) => name.slice(5, 15))).size
    tally.notes.push(`${days} days in ${logs.length} log files`)
    tally.require(days >= 2, 'the log was not rotated')
    tally.require(days <= MAX_LOG_DAYS, `log files of ${days} days`)
  },
}

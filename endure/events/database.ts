import type { DatabaseFailure } from '../inside/actions'
import type { EventKind } from './kind'

const KEY = 'database-sqlite:store'

export const databaseDisposed: EventKind = {
  name: 'the database plugin is disposed, and comes back',
  async run({ instance }, tally, size) {
    for (let round = 0; round < size(1, 8); round++) {
      await tally.inTheMiddle(() => instance.call('dispose', KEY))
      tally.happened()
      if (size(0, 1)) await tally.ask()
      await tally.inTheMiddle(() => instance.call('restore', KEY))
      await tally.askAfterwards()
    }
  },
}

function failing(name: string, failure: DatabaseFailure): EventKind {
  return {
    name,
    async run({ instance }, tally, size) {
      for (let round = 0; round < size(1, 6); round++) {
        await tally.inTheMiddle(() => instance.call('database', failure))
        tally.happened()
        if (size(0, 1)) await tally.ask()
        await tally.inTheMiddle(() => instance.call('database', null))
        await tally.askAfterwards()
      }
    },
  }
}

export const databaseFailing = failing('the database fails', { message: 'disk I/O error', waitMs: 0 })
export const databaseLocked = failing('the database is locked', { message: 'database is locked', waitMs: 1500 })

/** The file can be read, and not be written. */
export const databaseReadOnly: EventKind = {
  name: 'the database is read-only',
  async run({ instance }, tally, size) {
    for (let round = 0; round < size(1, 6); round++) {
      await tally.inTheMiddle(() => instance.call('files', { prefix: `${instance.data}/koishi.db`, code: 'EROFS' }))
      tally.happened()
      if (size(0, 1)) await tally.ask()
      await tally.inTheMiddle(() => instance.call('files', null))
      await tally.askAfterwards()
    }
  },
}

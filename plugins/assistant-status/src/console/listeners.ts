import { SingleFlight } from 'common/async'
import type { Context } from 'koishi'
import type {} from '@koishijs/plugin-console'
import { EXPORT_NAMES, exportTable } from '../report/export'
import { readNow } from '../report/now'
import type { Statistics } from '../report/statistics'
import { RANGES } from '../storage/periods'
import type { Requests } from './requests'

/** Who may see the page where the console distinguishes users, which the plugin `auth` does: administrators. */
const AUTHORITY = 4

export interface ListenersOptions {
  /** Writes what was counted, so that the page shows it. */
  flush(): Promise<unknown>
  now(): number
  statistics: Statistics
}

/** Answers the page. What a browser sends is not trusted: it chooses among fixed ranges and tables. */
export function answerPage(ctx: Context, { flush, now, statistics }: ListenersOptions) {
  /** Pages that ask at the same time share the work. */
  const running = new SingleFlight<unknown>()
  const share = <T>(name: string, task: () => Promise<T>) => running.run(name, task) as Promise<T>

  answer(ctx, 'assistant-status/now', () => readNow(ctx, now()))
  answer(ctx, 'assistant-status/report', (range) => {
    check(RANGES, range)
    if (!ctx.get('database')) return Promise.resolve(undefined)
    return share(`report ${range}`, async () => {
      await flush()
      return statistics.report(range)
    })
  })
  answer(ctx, 'assistant-status/export', (range, name) => {
    check(RANGES, range)
    check(EXPORT_NAMES, name)
    return share(`export ${range} ${name}`, () => exportTable(statistics, range, name))
  })
}

/** @throws `TypeError` for a value that is not one of the choices */
function check<T>(choices: readonly T[], value: T) {
  if (!choices.includes(value)) throw new TypeError('unknown range or table')
}

function answer<K extends keyof Requests>(ctx: Context, name: K, callback: Requests[K]) {
  const { listeners } = ctx.console
  ctx.console.addListener(name as never, callback as never, { authority: AUTHORITY } as never)
  const added = listeners[name]
  // Koishi's console keeps listeners of plugins that are gone.
  ctx.on('dispose', () => {
    if (listeners[name] === added) delete listeners[name]
  })
}

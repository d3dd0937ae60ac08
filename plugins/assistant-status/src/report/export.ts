import { COUNTS } from '../storage/tables'
import type { Counts } from '../storage/tables'
import { questionsOf } from '../storage/totals'
import { toCsv } from './csv'
import { EXPORTED_NAMES, EXPORTED_RATINGS } from './statistics'
import type { Statistics } from './statistics'
import type { ExportName, Named, Range } from './types'

export const EXPORT_NAMES: readonly ExportName[] = ['periods', 'models', 'hours', 'reasons', 'people', 'groups', 'ratings']

/** Columns are named as the fields of `gemini/outcome` are, in no language. */
const COUNT_COLUMNS = ['questions', ...COUNTS]

/**
 * One table of a range as CSV.
 * @throws the database's error
 */
export async function exportTable(statistics: Statistics, range: Range, name: ExportName): Promise<string> {
  switch (name) {
    case 'periods': {
      const { counts, periods } = await statistics.report(range)
      return toCsv([['period', ...COUNT_COLUMNS], ...periods.map((period, index) => [period, ...cells(counts[index])])])
    }
    case 'models':
      return named('model', (await statistics.report(range)).models)
    case 'hours': {
      const { hours } = await statistics.report(range)
      return toCsv([['hour', 'questions'], ...hours.map((count, hour) => [hour, count])])
    }
    case 'reasons': {
      const { reasons } = await statistics.report(range)
      const rows = reasons.map(({ name, count }) => [...name.split(/:(.*)/s, 2), count])
      return toCsv([['result', 'reason', 'questions'], ...rows])
    }
    case 'people':
      return named('person', await statistics.people(range, EXPORTED_NAMES))
    case 'groups':
      return named('group', await statistics.groups(range, EXPORTED_NAMES))
    case 'ratings': {
      const rows = await statistics.newestRatings(range, EXPORTED_RATINGS)
      return toCsv([['time', 'platform', 'rating', 'reasons', 'comment', 'question'], ...rows.map((row) => {
        const { time, platform, isGood, reasons, comment, question } = row
        return [new Date(time).toISOString(), platform, isGood ? 'good' : 'bad', reasons, comment, question]
      })])
    }
    default: return name satisfies never
  }
}

function named(title: string, rows: readonly Named[]): string {
  return toCsv([[title, ...COUNT_COLUMNS], ...rows.map(row => [row.name, ...cells(row)])])
}

function cells(counts: Counts): number[] {
  return [questionsOf(counts), ...COUNTS.map(name => counts[name])]
}

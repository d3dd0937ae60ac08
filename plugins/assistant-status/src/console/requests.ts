import type { ExportName, Now, Range, Report } from '../report/types'

/** What the page asks the server for. Both are built from the same version. */
export interface Requests {
  'assistant-status/now': () => Now
  /** Nothing without a database. */
  'assistant-status/report': (range: Range) => Promise<Report | undefined>
  /** The table as CSV. */
  'assistant-status/export': (range: Range, name: ExportName) => Promise<string>
}

import { h } from 'koishi'
import type { Context, Session } from 'koishi'
import { sumCounts, userOf } from './usage-store'
import { localDay } from '../util/local-time'
import type { UsageCounts, UsageStore, UsageRow } from './usage-store'
import { localizeText } from '../messages/i18n'

declare module 'koishi' {
  interface Events {
    /** `gemini.usage` is about to be answered: other plugins may add lines, e.g. what their platform charges. */
    'gemini/usage'(session: Session, lines: string[]): void
  }
}

/** People, and models, that are listed. */
const MAX_LISTED = 10

const REPORT_DAYS = 30

/** The answer to `gemini.usage`. */
export class UsageReport {
  constructor(
    private readonly ctx: Pick<Context, 'emit'>,
    private readonly usage: Pick<UsageStore, 'read'>,
    private readonly now: () => number,
  ) {}

  /** The usage of the person who asks. */
  async own(session: Session): Promise<string> {
    const rows = await this.usage.read({ user: userOf(session), since: localDay(this.now(), REPORT_DAYS - 1) })
    return [...this.sums(session, rows), ...this.byModel(session, rows), ...this.others(session)].join('\n')
  }

  /** The usage of all people. */
  async all(session: Session): Promise<string> {
    const rows = await this.usage.read({ since: localDay(this.now(), REPORT_DAYS - 1) })
    const users = group(rows, row => row.user)
    return [
      ...this.sums(session, rows),
      ...this.byModel(session, rows),
      ...users.map(([name, counts]) => localizeText(session, 'usage.user', { name, ...formatCounts(counts) })),
      ...this.others(session),
    ].join('\n')
  }

  private sums(session: Session, rows: UsageRow[]): string[] {
    const today = rows.filter(({ day }) => day === localDay(this.now()))
    return [
      localizeText(session, 'usage.today', formatCounts(sumCounts(today))),
      localizeText(session, 'usage.month', { days: REPORT_DAYS, ...formatCounts(sumCounts(rows)) }),
    ]
  }

  private byModel(session: Session, rows: UsageRow[]): string[] {
    const models = group(rows, row => row.model)
    if (models.length < 2) return []
    return models.map(([name, counts]) => localizeText(session, 'usage.model', { name, ...formatCounts(counts) }))
  }

  /** Lines of other plugins. */
  private others(session: Session): string[] {
    const lines: string[] = []
    this.ctx.emit(session, 'gemini/usage', session, lines)
    return lines
  }
}

function group(rows: UsageRow[], by: (row: UsageRow) => string): [string, UsageCounts][] {
  const groups = new Map<string, UsageRow[]>()
  for (const row of rows) groups.set(by(row), [...groups.get(by(row)) ?? [], row])
  return [...groups].map(([name, rows]) => [name, sumCounts(rows)] as [string, UsageCounts])
    .sort(([, a], [, b]) => b.prompt + b.answer - a.prompt - a.answer).slice(0, MAX_LISTED)
}

function formatCounts(counts: UsageCounts) {
  const { requests, errors, prompt, answer } = counts
  const format = (number: number) => number.toLocaleString('en-US')
  return {
    requests: format(requests), errors: format(errors), prompt: format(prompt), answer: format(answer),
    tokens: format(prompt + answer),
  }
}

/** Registers `gemini.usage`; `-a` shows the usage of all people and takes authority 3. */
export function registerUsageCommand(ctx: Context, report: UsageReport) {
  ctx.command('gemini.usage')
    .option('all', '-a', { authority: 3 })
    .action(async ({ session, options }) => {
      // Names must not be parsed as markup.
      return [h.text(await (options!.all ? report.all(session!) : report.own(session!)))]
    })
}

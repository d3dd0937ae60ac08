import { h } from 'koishi'
import type { Context, Session } from 'koishi'
import { mostTokensFirst, sumCounts, userOf } from './usage-store'
import type { ModelUsage } from './usage-sums'
import { localDay } from '../util/local-time'
import type { UsageCounts, UsageStore } from './usage-store'
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
    private readonly usage: Pick<UsageStore, 'byModel' | 'topUsers'>,
    private readonly now: () => number,
  ) {}

  /**
   * The usage of the person who asks.
   * @throws the database's error
   */
  async own(session: Session): Promise<string> {
    return [...this.sums(session, await this.usage.byModel(this.days, userOf(session))), ...this.others(session)].join('\n')
  }

  /**
   * The usage of all people.
   * @throws the database's error
   */
  async all(session: Session): Promise<string> {
    const rows = await this.usage.byModel(this.days)
    const users = await this.usage.topUsers(this.days, MAX_LISTED)
    return [
      ...this.sums(session, rows),
      ...users.map(({ user, ...counts }) => {
        return localizeText(session, 'usage.user', { name: user, ...formatCounts(counts) })
      }),
      ...this.others(session),
    ].join('\n')
  }

  /** The days of the report, ascending. */
  private get days(): string[] {
    return Array.from({ length: REPORT_DAYS }, (_, index) => localDay(this.now(), REPORT_DAYS - 1 - index))
  }

  private sums(session: Session, rows: ModelUsage[]): string[] {
    const today = rows.filter(({ day }) => day === localDay(this.now()))
    return [
      localizeText(session, 'usage.today', formatCounts(sumCounts(today))),
      localizeText(session, 'usage.month', { days: REPORT_DAYS, ...formatCounts(sumCounts(rows)) }),
      ...this.byModel(session, rows),
    ]
  }

  private byModel(session: Session, rows: ModelUsage[]): string[] {
    const models = [...new Set(rows.map(({ model }) => model))]
    if (models.length < 2) return []
    const sums = models.map(name => ({ name, ...sumCounts(rows.filter(({ model }) => model === name)) }))
    return mostTokensFirst(sums).slice(0, MAX_LISTED)
      .map(({ name, ...counts }) => localizeText(session, 'usage.model', { name, ...formatCounts(counts) }))
  }

  /** Lines of other plugins. */
  private others(session: Session): string[] {
    const lines: string[] = []
    this.ctx.emit(session, 'gemini/usage', session, lines)
    return lines
  }
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

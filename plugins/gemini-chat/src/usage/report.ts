import { h } from 'koishi'
import type { Awaitable, Context, Session } from 'koishi'
import { total, userOf } from './usage-store'
import { localDay } from '../util/local-time'
import type { Counts, Ledger, UsageRow } from './usage-store'
import { sentence } from '../messages/i18n'

/** A line somebody adds to what `gemini.usage` says, where there is something to say. */
export type UsageLine = (session: Session) => Awaitable<string | undefined>

/** How many people or models are listed. */
const MOST = 10

const DAYS = 30

/** What was used, in words. */
export class Statement {
  private readonly lines = new Set<UsageLine>()

  constructor(private readonly ledger: Pick<Ledger, 'read'>, private readonly now: () => number) {}

  /** @returns what takes it out again */
  add(line: UsageLine): () => void {
    this.lines.add(line)
    return () => this.lines.delete(line)
  }

  /** What one person used. */
  async own(session: Session): Promise<string> {
    const rows = await this.ledger.read({ user: userOf(session), since: localDay(this.now(), DAYS - 1) })
    return [...this.sums(session, rows), ...this.byModel(session, rows), ...await this.extra(session)].join('\n')
  }

  /** What everybody used. */
  async all(session: Session): Promise<string> {
    const rows = await this.ledger.read({ since: localDay(this.now(), DAYS - 1) })
    const users = group(rows, row => row.user)
    return [
      ...this.sums(session, rows),
      ...this.byModel(session, rows),
      ...users.map(([name, counts]) => sentence(session, 'usage.user', { name, ...figures(counts) })),
      ...await this.extra(session),
    ].join('\n')
  }

  private sums(session: Session, rows: UsageRow[]): string[] {
    const today = rows.filter(({ day }) => day === localDay(this.now()))
    return [
      sentence(session, 'usage.today', figures(total(today))),
      sentence(session, 'usage.month', { days: DAYS, ...figures(total(rows)) }),
    ]
  }

  private byModel(session: Session, rows: UsageRow[]): string[] {
    const models = group(rows, row => row.model)
    if (models.length < 2) return []
    return models.map(([name, counts]) => sentence(session, 'usage.model', { name, ...figures(counts) }))
  }

  private async extra(session: Session): Promise<string[]> {
    const lines = await Promise.all([...this.lines].map(line => line(session)))
    return lines.flatMap(line => line ?? [])
  }
}

function group(rows: UsageRow[], by: (row: UsageRow) => string): [string, Counts][] {
  const groups = new Map<string, UsageRow[]>()
  for (const row of rows) groups.set(by(row), [...groups.get(by(row)) ?? [], row])
  return [...groups].map(([name, rows]) => [name, total(rows)] as [string, Counts])
    .sort(([, a], [, b]) => b.prompt + b.answer - a.prompt - a.answer).slice(0, MOST)
}

function figures(counts: Counts) {
  const { requests, errors, prompt, answer } = counts
  const write = (number: number) => number.toLocaleString('en-US')
  return {
    requests: write(requests), errors: write(errors), prompt: write(prompt), answer: write(answer),
    tokens: write(prompt + answer),
  }
}

/** `gemini.usage`; `-a` shows everybody's to those who run the bot. */
export function registerUsage(ctx: Context, statement: Statement) {
  ctx.command('gemini.usage')
    .option('all', '-a', { authority: 3 })
    .action(async ({ session, options }) => {
      // A name is no markup.
      return [h.text(await (options!.all ? statement.all(session!) : statement.own(session!)))]
    })
}

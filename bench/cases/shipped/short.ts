import { createGemini, scenarios } from 'testkit'
import type { Report } from '../../harness'
import { Connection, median } from '../../harness'
import { ANSWER, ask, waitForAnswer } from '../../harness/questions'
import { ShippedInstance } from '../../harness/shipped-instance'
import { messageOf } from '../../harness/wecom'

const WARM_UP_MESSAGES = 5
const MESSAGES = 15
/** What an answer leaves to be written is written within this time on an idle machine; see `untilQuiet`. */
const QUIET_MS = 300

/** Five today; one more may come from what is written at the same time. */
const MAX_STATEMENTS = 6

/** Of pages and their headers to the log of the database. With the SQLite of Node.js, they are not seen. */
const MAX_WRITES = 32

/** A fifth more than today. */
const MAX_PROXIES = 430

/**
 * What an answered message of a known person costs, counted instead of timed, so that a busy machine counts the same:
 * statements that reach SQLite, writes to its file, and proxies, which are created for what plugins read of services
 * and sessions and are the largest part of Koishi's own cost. One message at a time, and the median, because what
 * happens once a minute belongs to no message.
 */
export async function short(report: Report) {
  const gemini = await createGemini()
  gemini.respond(() => scenarios.text(ANSWER))
  const env = { GEMINI_API_KEY: 'benchmark', GEMINI_BASE_URL: gemini.url }
  const shipped = await ShippedInstance.start(env, { preload: 'count.cjs' })
  try {
    const connection = await Connection.open(shipped.port)
    const statements: number[] = []
    const writes: number[] = []
    const proxies: number[] = []
    for (let index = 0; index < WARM_UP_MESSAGES + MESSAGES; index++) {
      const before = await untilQuiet(shipped)
      const asked = await ask(connection, messageOf('person', '你好'))
      if (!asked.finished) await waitForAnswer(connection, asked)
      const after = await untilQuiet(shipped)
      if (index < WARM_UP_MESSAGES) continue
      statements.push(after.statements - before.statements)
      writes.push(after.writes - before.writes)
      proxies.push(after.proxies - before.proxies)
    }
    connection.close()
    const detail = (counts: number[]) => `${Math.min(...counts)} to ${Math.max(...counts)}`
    report.atMost('SQL statements per answered message of a known person', median(statements), MAX_STATEMENTS, detail(statements))
    report.atMost('writes to the file of the database per answered message', median(writes), MAX_WRITES, detail(writes))
    report.atMost('proxies per answered message of a known person', median(proxies), MAX_PROXIES, detail(proxies))
  } finally {
    await shipped.stop()
    await gemini.close()
  }
}

/** Waits until nothing is written any more. @returns the counts then */
async function untilQuiet(shipped: ShippedInstance) {
  for (let before = await shipped.counts(); ;) {
    await new Promise(resolve => setTimeout(resolve, QUIET_MS))
    const after = await shipped.counts()
    if (after.statements === before.statements) return after
    before = after
  }
}

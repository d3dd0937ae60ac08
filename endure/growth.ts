import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { InstanceUsage } from './inside/actions'
import { readSweeps, sweepOf } from './sweeps'
import type { World } from './world'

/** What the instance uses at one moment at which nothing is going on. */
export interface Sample extends InstanceUsage {
  /** The kind of events that came before it. */
  after: string
  /** Bytes of the database, and of all log files together. */
  database: number
  logs: number
  /** Paths of all files in the data folder. */
  fileNames: string[]
}

/** Long enough for what is kept for a while to be freed, the rows of WeCom's turns, which live a week, included. */
const IDLE_MS = 8 * 86_400_000

/** Tables that fill up to a known size, with the rows that eighteen people can cause. */
const MAX_ROWS: Record<string, number> = {
  // Conversations of 150 tokens, which are cut at twice that; a turn takes five or more.
  gemini_turn: 18 * 60,
  // Two rows for each time the companion is loaded, of one month.
  dingtalk_usage: 100,
  // A row per person and day, for a year.
  gemini_token_usage: 18 * 366,
  // Of three platforms, an answer and four reasons by the hour for 31 days and by the day for a year; of 18 people
  // and 12 groups 24 hours, 31 days and 13 months.
  assistant_activity: 3 * 5 * (31 * 24 + 366) + (18 + 12) * (24 + 31 + 13),
}

/** @param after the name of the kind of events that is over */
export async function takeSample(world: World, after: string): Promise<Sample> {
  const { instance } = world
  await world.pass(IDLE_MS)
  await world.sleep(600)
  const usage = await instance.call('usage')
  const sizes = await fileSizes(instance.data)
  const total = (pattern: RegExp) => {
    return sizes.filter(({ name }) => pattern.test(name)).reduce((sum, { size }) => sum + size, 0)
  }
  return { ...usage, after, database: total(/^koishi\.db/), logs: total(/^logs\//), fileNames: sizes.map(({ name }) => name) }
}

/** The files of a folder, by their path in it. */
export async function fileSizes(folder: string): Promise<{ name: string, size: number }[]> {
  const names = await readdir(folder, { recursive: true })
  const files = await Promise.all(names.map(async (name) => {
    const info = await stat(join(folder, name)).catch(() => undefined)
    return info?.isFile() ? [{ name, size: info.size }] : []
  }))
  return files.flat()
}

/** Something that must not grow, with what the second half of the samples may have at most. */
interface Bound {
  name: string
  read(sample: Sample): number
  /** @param first the highest value of the first half */
  limit(first: number): number
  unit?: string
}

const BOUNDS: Bound[] = [
  { name: 'heap', read: ({ heap }) => heap, limit: first => first * 1.1 + 4, unit: 'MB' },
  { name: 'memory (RSS)', read: ({ rss }) => rss, limit: first => first * 1.2 + 32, unit: 'MB' },
  { name: 'handles', read: ({ handles }) => handles, limit: first => first + 4 },
  { name: 'timers', read: ({ timers }) => timers, limit: first => first + 4 },
  { name: 'open files', read: ({ files }) => files, limit: first => first + 4 },
  // The write-ahead log grows to four megabytes before SQLite starts it again.
  { name: 'database file', read: ({ database }) => database / 1024, limit: first => first * 1.25 + 6144, unit: 'KB' },
  { name: 'log files', read: ({ logs }) => logs / 1024, limit: () => 64 * 1024, unit: 'KB' },
]

export interface GrowthLine {
  isMet: boolean
  text: string
  /** Each value, if the bound is not met. */
  values?: string[]
}

/** Compares the second half of the samples of one process with the first. */
export function judgeGrowth(samples: readonly Sample[]): GrowthLine[] {
  const half = Math.ceil(samples.length / 2)
  const [first, second] = [samples.slice(0, half), samples.slice(half)]
  const tables = [...new Set(samples.flatMap(({ rows }) => Object.keys(rows)))].sort()
  const judge = ({ name, read, limit, unit = '' }: Bound): GrowthLine => {
    const highest = (of: readonly Sample[]) => Math.max(...of.map(read))
    const [before, after] = [highest(first), highest(second)]
    const bound = limit(before)
    const number = (value: number) => Math.round(value).toLocaleString('en')
    const text = `${name}: at most ${number(before)}, later ${number(after)} ${unit}`.trim()
    const isMet = after <= bound
    return {
      isMet,
      text: `${text} (allowed: ${number(bound)}; ${samples.length} samples)`,
      ...!isMet && { values: samples.map(sample => `${number(read(sample))} ${unit} after: ${sample.after}`) },
    }
  }
  return [...BOUNDS.map(judge), ...tables.map(table => withSweep(table, judge({
    name: `rows of ${table}`, read: ({ rows }) => rows[table] ?? 0,
    limit: highest => MAX_ROWS[table] ?? highest * 1.25 + 16,
  }))), ...judgeFiles(samples)]
}

const sweeps = readSweeps()

/** Adds what removes the rows of a table: without that, the table must stay empty. */
function withSweep(table: string, { isMet, text, values }: GrowthLine): GrowthLine {
  const sweep = sweepOf(table, sweeps.tables)
  return { values, isMet: isMet && sweep !== undefined, text: `${text}; ${sweep ?? 'NO SWEEP IS DOCUMENTED'}` }
}

/** One line for all files that share an entry, and one for each file without. */
function judgeFiles(samples: readonly Sample[]): GrowthLine[] {
  const names = [...new Set(samples.flatMap(({ fileNames }) => fileNames))].sort()
  const undocumented = names.filter(name => sweepOf(name, sweeps.files) === undefined)
  return [
    ...Object.entries(sweeps.files).flatMap(([pattern, sweep]): GrowthLine[] => {
      const count = names.filter(name => sweepOf(name, { [pattern]: sweep }) !== undefined).length
      return count ? [{ isMet: true, text: `${count} files ${pattern}: ${sweep}` }] : []
    }),
    ...undocumented.map(name => ({ isMet: false, text: `file ${name}: NO SWEEP IS DOCUMENTED` })),
  ]
}

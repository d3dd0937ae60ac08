/**
 * What the benchmarks are made of: servers in processes of their own, load from this one, statistics, and a verdict.
 * A benchmark is a function that gets a report and puts its figures in it.
 */

import type { Report } from './report'

export * from './compare'
export * from './load'
export * from './process'
export * from './report'
export * from './statistics'
export * from './trials'

export type Bench = (report: Report) => Promise<void>

/**
 * What benchmarks are built from: servers in separate processes, a load generator, statistics and a report.
 * A benchmark is a function that adds its figures to a report.
 */

import type { Report } from './report'

export * from './compare'
export * from './load'
export * from './process'
export * from './report'
export * from './statistics'
export * from './trials'

export type Bench = (report: Report) => Promise<void>

export { commonDialect } from './dialect'
export type { Dialect } from './dialect'
export { DialectWriter, toDialect } from './dialect-writer'

export { DatabaseAccess } from './database-access'
export type { DatabaseAccessOptions, DatabaseTask } from './database-access'

export { SystemClock, systemClock } from './clock'
export type { Clock } from './clock'

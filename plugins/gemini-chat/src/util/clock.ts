export { SystemClock } from 'common/time'
export type { Clock } from 'common/time'

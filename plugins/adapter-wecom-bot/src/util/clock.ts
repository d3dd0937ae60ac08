export { systemClock as clock } from 'common/time'
export type { Clock } from 'common/time'

export { LatestState } from './latest-state'

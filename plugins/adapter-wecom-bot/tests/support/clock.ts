export { FakeClock } from 'common/testing'

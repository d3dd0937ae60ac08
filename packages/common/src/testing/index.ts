export { FakeClock, InstantClock, settle } from './fake-clock'

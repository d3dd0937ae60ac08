export { cpuTimeMs } from './cpu-time'
export { FakeClock, InstantClock, settle } from './fake-clock'
export { assertLinear, hostilePieces, slowness } from './linear-time'
export { until } from './until'

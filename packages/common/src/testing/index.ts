export { cpuTimeMs } from './cpu-time'
export { FakeClock, InstantClock, settle } from './fake-clock'
export { assertLinear, hostilePieces } from './linear-time'

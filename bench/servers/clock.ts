/** Milliseconds of a monotonic clock that is the same in all processes of the machine. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

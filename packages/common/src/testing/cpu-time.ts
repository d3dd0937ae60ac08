/** CPU time that this process has used, in milliseconds: other processes of a busy machine do not lengthen it. */
export function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

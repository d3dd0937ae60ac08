import type { Reply, Slice } from './load'
import { Load } from './load'
import type { Server } from './process'
import { median } from './statistics'

/** One of two servers that are asked the same. */
export interface Side {
  server: Server
  /** The bytes of the next request. */
  next(): Buffer
  /** @throws where the reply is not what it should be */
  check(reply: Reply): void
}

export interface Rounds {
  connections: number
  rounds?: number
  /** Milliseconds of load on each side in each round. Short ones meet the same weather. */
  time?: number
}

export interface Comparison {
  /** Our requests per second, as a share of theirs in the same round: the median of all rounds. */
  ratio: number
  detail: string
}

interface Measured extends Slice {
  /** Microseconds of CPU that the server spent on each request. */
  cost: number
}

class Run {
  readonly slices: Measured[] = []

  private constructor(readonly side: Side, readonly load: Load) {}

  static async open(side: Side, connections: number): Promise<Run> {
    return new Run(side, await Load.open(side.server.port, connections))
  }

  async measure(time: number): Promise<Measured> {
    const { side: { server, next, check }, load } = this
    const before = await server.usage()
    const slice = await load.run(time, next, check)
    const after = await server.usage()
    return { ...slice, cost: (after.cpu - before.cpu) / slice.count * 1e6 }
  }

  median(key: keyof Measured): number {
    return median(this.slices.map(slice => slice[key]))
  }
}

/**
 * Loads two servers by turns, so that whatever else the machine has to do meets both.
 * @throws where the load generator was the slower part: then it has measured itself
 */
export async function compare(ours: Side, theirs: Side, options: Rounds): Promise<Comparison> {
  const { connections, rounds = 16, time = 100 } = options
  const our = await Run.open(ours, connections)
  const their = await Run.open(theirs, connections)
  // Code is compiled while it warms up.
  for (const run of [our, their]) await run.measure(1500)
  for (let round = 0; round < rounds; round++) {
    for (const run of round % 2 ? [our, their] : [their, our]) run.slices.push(await run.measure(time))
  }
  our.load.close()
  their.load.close()

  const busy = Math.max(our.median('busy'), their.median('busy'))
  if (busy > 0.9) throw new Error(`the load generator is the bottleneck: at work ${percent(busy)} of the time`)
  const both = (key: keyof Measured) => `${round(our.median(key))} : ${round(their.median(key))}`
  return {
    ratio: median(our.slices.map(({ rate }, index) => rate / their.slices[index].rate)),
    detail: [
      `${both('rate')} requests/s`,
      `p99 ${both('p99')} ms`,
      `${both('cost')} µs of CPU each`,
      `generator ${percent(busy)} busy`,
    ].join(', '),
  }
}

function round(value: number) {
  return Math.round(value).toLocaleString('en')
}

function percent(share: number) {
  return `${Math.round(share * 100)} %`
}

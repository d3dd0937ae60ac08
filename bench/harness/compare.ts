import type { HttpReply, LoadResult } from './load'
import { Load } from './load'
import type { ServerProcess } from './process'
import { median } from './statistics'

/** One of two servers under the same load. */
export interface Candidate {
  server: ServerProcess
  /** @returns the bytes of the next request */
  nextRequest(): Buffer
  /** @throws if the reply is not the expected one */
  check(reply: HttpReply): void
}

export interface CompareOptions {
  connections: number
  /** 16 by default. */
  rounds?: number
  /** Milliseconds of load per candidate and round, 100 by default. Short rounds meet the same conditions. */
  roundTime?: number
}

export interface Comparison {
  /** Requests per second relative to the baseline in the same round: the median of all rounds. */
  ratio: number
  detail: string
}

interface RoundResult extends LoadResult {
  /** CPU time of the server per request, in microseconds. */
  cpuTime: number
}

class CandidateLoad {
  readonly rounds: RoundResult[] = []

  private constructor(readonly candidate: Candidate, readonly load: Load) {}

  static async open(candidate: Candidate, connections: number): Promise<CandidateLoad> {
    return new CandidateLoad(candidate, await Load.open(candidate.server.port, connections))
  }

  async measure(time: number): Promise<RoundResult> {
    const { candidate: { server, nextRequest, check }, load } = this
    const before = await server.usage()
    const result = await load.run(time, nextRequest, check)
    const after = await server.usage()
    return { ...result, cpuTime: (after.cpu - before.cpu) / result.count * 1e6 }
  }

  median(key: keyof RoundResult): number {
    return median(this.rounds.map(round => round[key]))
  }
}

/**
 * Loads two servers alternately, so that other load on the machine affects both.
 * @throws if the load generator was the bottleneck, which makes the figures meaningless
 */
export async function compare(subject: Candidate, baseline: Candidate, options: CompareOptions): Promise<Comparison> {
  const { connections, rounds = 16, roundTime = 100 } = options
  const ours = await CandidateLoad.open(subject, connections)
  const theirs = await CandidateLoad.open(baseline, connections)
  // The warm-up gives the compiler time to optimise.
  for (const side of [ours, theirs]) await side.measure(1500)
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 ? [ours, theirs] : [theirs, ours]) side.rounds.push(await side.measure(roundTime))
  }
  ours.load.close()
  theirs.load.close()

  const busy = Math.max(ours.median('busy'), theirs.median('busy'))
  if (busy > 0.9) throw new Error(`the load generator is the bottleneck: busy ${percent(busy)} of the time`)
  const both = (key: keyof RoundResult) => `${round(ours.median(key))} : ${round(theirs.median(key))}`
  return {
    ratio: median(ours.rounds.map(({ rate }, index) => rate / theirs.rounds[index].rate)),
    detail: [
      `${both('rate')} requests/s`,
      `p99 ${both('p99')} ms`,
      `${both('cpuTime')} µs CPU per request`,
      `load generator ${percent(busy)} busy`,
    ].join(', '),
  }
}

function round(value: number) {
  return Math.round(value).toLocaleString('en')
}

function percent(share: number) {
  return `${Math.round(share * 100)} %`
}

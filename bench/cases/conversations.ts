import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Crowd } from '../harness/many-conversations'
import type { Report } from '../harness'
import { median, quantile } from '../harness'
import type { Outcome } from '../harness/checks'

const PEOPLE = 200
const MESSAGES = 20

/** As many as may come at once: one that is answered, and those that may wait. */
const BURST = 4

/** Milliseconds between two pieces: Gemini's flash models send about three a second, of some dozen words each. */
const GAP = 333

/** The median of so many counts: whatever else the machine has to do comes and goes. */
const ROUNDS = 3

/** How many are left alone, and the milliseconds after which they are over. */
const IDLE = 100
const EXPIRY = 8000

const people = (name: string, count = PEOPLE) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/** Two hundred conversations at once: what they cost, what the chat adds to each piece, and that they stay apart. */
export async function conversations(report: Report) {
  const idle = await Promise.all([Idle.start(false), Idle.start(true)])
  // Those take their time to end, and nothing else meanwhile.
  const crowd = await Crowd.start()
  await measureActive(report, crowd)
  await measureDelay(report, crowd)
  for (const subject of idle) await subject.measure(report)
  await measureIsolation(report, crowd)
  await crowd.stop()
}

/** What an answer takes while it is being written. */
async function measureActive(report: Report, crowd: Crowd) {
  await crowd.talk({ people: people('early'), messages: 1, burst: 1 })
  const before = await crowd.heap()
  const release = crowd.stopHalfway()
  const talk = crowd.talk({ people: people('active'), messages: 1, burst: 1 })
  while (crowd.halfway < PEOPLE) await sleep(50)
  await sleep(500)
  const after = await crowd.heap()
  release()
  await talk
  report.atMost('memory of a conversation while it is answered, KB', (after - before) / PEOPLE / 1024, 128)
}

/** From the stand-in writing a piece to the bot's `createMessage` or `editMessage` being called with it. */
async function measureDelay(report: Report, crowd: Crowd) {
  const name = 'piece written to message edited'
  Object.assign(crowd, { gap: GAP / 10, pieces: 20 })
  const alone = await crowd.talk({ people: ['alone'], messages: 5, burst: 1 })
  Object.assign(crowd, { gap: GAP, pieces: 8 })
  const rounds: Outcome[] = []
  const weather = monitorEventLoopDelay({ resolution: 5 })
  weather.enable()
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await crowd.talk({ people: people(`reader-${round}`), messages: 1, burst: 1, spread: GAP * 4 }))
  }
  weather.disable()
  const middle = (of: (outcome: Outcome) => number) => median(rounds.map(of))
  const detail = [
    `median ${middle(({ delays }) => median(delays)).toFixed(1)} ms`,
    `${Math.round(middle(({ rate }) => rate))} pieces/s`,
    `the machine itself keeps timers waiting for ${(weather.percentile(99) / 1e6 - 5).toFixed(0)} ms`,
  ]
  const delay = middle(({ delays }) => quantile(delays, 0.99))
  // More often than twenty times a second no client is told of a change.
  report.atMost(`${name}, ${PEOPLE} answers at once, ms (p99)`, delay, 50, detail.join(', '))
  const rest = `median ${median(alone.delays).toFixed(1)} ms`
  report.atMost(`${name}, one answer alone, ms (p99)`, quantile(alone.delays, 0.99), 20, rest)
}

/** As many messages as fast as they can be answered. */
async function measureIsolation(report: Report, crowd: Crowd) {
  Object.assign(crowd, { gap: 5, pieces: 6 })
  const outcome = await crowd.talk({ people: people('person'), messages: MESSAGES, burst: BURST })
  const { answers, mixups, interleavings, rate } = outcome
  const detail = `${BURST} at a time, ${Math.round(rate / crowd.pieces)} answers/s`
  report.atLeast(`answers in ${PEOPLE} conversations of ${MESSAGES} messages`, answers, PEOPLE * MESSAGES, detail)
  report.atMost('mix-ups', mixups, 0, 'requests with more or less than their own history, answers shown to others')
  report.atMost('interleavings', interleavings, 0, 'answers begun before the one before them was over')
}

/** Conversations that nobody goes on with. */
class Idle {
  private constructor(
    readonly name: string, readonly crowd: Crowd, readonly before: number, readonly after: number,
  ) {}

  static async start(database: boolean): Promise<Idle> {
    const crowd = await Crowd.start({ database, idleExpiry: EXPIRY })
    const [few, many] = [people('early', 20), people('idle', IDLE)]
    await crowd.introduce([...few, ...many])
    await crowd.talk({ people: few, messages: 10, burst: 1 })
    const before = await crowd.heap()
    await crowd.talk({ people: many, messages: BURST, burst: BURST })
    return new Idle(database ? 'with database' : 'in memory', crowd, before, await crowd.heap())
  }

  async measure(report: Report) {
    const { name, crowd, before, after } = this
    const each = (heap: number) => (heap - before) / IDLE / 1024
    for (let time = 0; time < EXPIRY * 2 && await crowd.remembered(); time += 200) await sleep(200)
    const left = await crowd.remembered()
    const rest = `${each(await crowd.heap()).toFixed(1)} KB of each`
    report.atMost(`memory of a conversation of ${BURST} messages when it is idle, ${name}, KB`, each(after), 32)
    report.atMost(`conversations kept when they are over, ${name}`, left, 0, rest)
    await crowd.stop()
  }
}

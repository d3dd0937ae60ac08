import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Crowd } from './crowd'
import { Report, median, quantile } from './harness'

const PEOPLE = 200
const MESSAGES = 20

/** As many as may come at once: one that is answered, and those that may wait. */
const BURST = 4

/** Milliseconds between two pieces: Gemini's flash models send about three a second, of some dozen words each. */
const GAP = 333

/** Milliseconds after which a conversation is over, where they end. */
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

/** From a piece being written by the stand-in to the bot's `createMessage` or `editMessage` being called with it. */
async function measureDelay(report: Report, crowd: Crowd) {
  Object.assign(crowd, { gap: GAP / 10, pieces: 20 })
  const alone = await crowd.talk({ people: ['alone'], messages: 5, burst: 1 })
  Object.assign(crowd, { gap: GAP })
  const weather = monitorEventLoopDelay({ resolution: 5 })
  weather.enable()
  const { delays, rate } = await crowd.talk({ people: people('reader'), messages: 1, burst: 1, spread: GAP * 10 })
  weather.disable()
  const detail = [
    `median ${median(delays).toFixed(1)} ms`,
    `${Math.round(rate)} pieces/s`,
    `the machine itself keeps timers waiting for ${(weather.percentile(99) / 1e6 - 5).toFixed(0)} ms`,
  ]
  // More often than twenty times a second no client is told of a change.
  report.atMost(`from the model to the bot, ${PEOPLE} answers at once, ms (p99)`, quantile(delays, 0.99), 50, detail.join(', '))
  const rest = `median ${median(alone.delays).toFixed(1)} ms`
  report.atMost('from the model to the bot, one answer, ms (p99)', quantile(alone.delays, 0.99), 20, rest)
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
    const [few, many] = [people('early', 20), people('idle')]
    await crowd.introduce([...few, ...many])
    await crowd.talk({ people: few, messages: 10, burst: 1 })
    const before = await crowd.heap()
    await crowd.talk({ people: many, messages: BURST, burst: BURST })
    return new Idle(database ? 'with database' : 'in memory', crowd, before, await crowd.heap())
  }

  async measure(report: Report) {
    const { name, crowd, before, after } = this
    const each = (heap: number) => (heap - before) / PEOPLE / 1024
    for (let time = 0; time < EXPIRY * 2 && await crowd.remembered(); time += 200) await sleep(200)
    const left = await crowd.remembered()
    const rest = `${each(await crowd.heap()).toFixed(1)} KB of each`
    report.atMost(`memory of a conversation of ${BURST} messages when it is idle, ${name}, KB`, each(after), 32)
    report.atMost(`conversations kept when they are over, ${name}`, left, 0, rest)
    await crowd.stop()
  }
}

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Report } from '../harness'
import { median, quantile } from '../harness'
import type { ConversationResult } from '../harness/checks'
import { ManyConversations } from '../harness/many-conversations'

const USER_COUNT = 200
const MESSAGES = 20

/** Messages sent at once: one that is being answered, and as many as the queue accepts. */
const BURST = 4

/** Gemini's flash models send about three chunks a second, of a few dozen words each. */
const CHUNK_GAP_MS = 333

/** Rounds of which the median is taken, as other load on the machine varies. */
const ROUNDS = 3

const IDLE_COUNT = 100
const EXPIRY_MS = 8000

const userIds = (name: string, count = USER_COUNT) => Array.from({ length: count }, (_, index) => `${name}-${index}`)

const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))

/** 200 concurrent conversations: memory, delay added to each chunk, and isolation from each other. */
export async function conversations(report: Report) {
  // Starts first, so that these conversations expire during the other measurements.
  const idle = await Promise.all([IdleConversations.start(false), IdleConversations.start(true)])
  const active = await ManyConversations.start()
  await measureMemory(report, active)
  await measureDelay(report, active)
  for (const conversations of idle) await conversations.measure(report)
  await measureIsolation(report, active)
  await active.stop()
}

/** Memory of a conversation during its answer. */
async function measureMemory(report: Report, chat: ManyConversations) {
  await chat.run({ userIds: userIds('early'), messages: 1, burst: 1 })
  const before = await chat.heap()
  const resume = chat.pauseAnswers()
  const run = chat.run({ userIds: userIds('active'), messages: 1, burst: 1 })
  while (chat.pausedAnswers < USER_COUNT) await sleep(50)
  await sleep(500)
  const after = await chat.heap()
  resume()
  await run
  report.atMost('memory per conversation during its answer, KB', (after - before) / USER_COUNT / 1024, 128)
}

/** From the mock API writing a chunk to the call of the bot's `createMessage` or `editMessage` with it. */
async function measureDelay(report: Report, chat: ManyConversations) {
  const name = 'chunk written to message edited'
  Object.assign(chat, { chunkGap: CHUNK_GAP_MS / 10, chunkCount: 20 })
  const single = await chat.run({ userIds: ['single'], messages: 5, burst: 1 })
  Object.assign(chat, { chunkGap: CHUNK_GAP_MS, chunkCount: 8 })
  const rounds: ConversationResult[] = []
  const loopDelay = monitorEventLoopDelay({ resolution: 5 })
  loopDelay.enable()
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await chat.run({ userIds: userIds(`reader-${round}`), messages: 1, burst: 1, spread: CHUNK_GAP_MS * 4 }))
  }
  loopDelay.disable()
  const medianOf = (figure: (result: ConversationResult) => number) => median(rounds.map(figure))
  const detail = [
    `median ${medianOf(({ delays }) => median(delays)).toFixed(1)} ms`,
    `${Math.round(medianOf(({ rate }) => rate))} chunks/s`,
    `p99 event loop delay ${(loopDelay.percentile(99) / 1e6 - 5).toFixed(0)} ms`,
  ]
  const delay = medianOf(({ delays }) => quantile(delays, 0.99))
  // 50 ms: no client displays more than twenty updates a second.
  report.atMost(`${name}, ${USER_COUNT} concurrent answers, ms (p99)`, delay, 50, detail.join(', '))
  const singleDetail = `median ${median(single.delays).toFixed(1)} ms`
  report.atMost(`${name}, single answer, ms (p99)`, quantile(single.delays, 0.99), 20, singleDetail)
}

/** Sends messages as fast as they are answered. */
async function measureIsolation(report: Report, chat: ManyConversations) {
  Object.assign(chat, { chunkGap: 5, chunkCount: 6 })
  const result = await chat.run({ userIds: userIds('user'), messages: MESSAGES, burst: BURST })
  const { answers, mixups, interleavings, rate } = result
  const detail = `${BURST} at a time, ${Math.round(rate / chat.chunkCount)} answers/s`
  report.atLeast(`answers in ${USER_COUNT} conversations of ${MESSAGES} messages`, answers, USER_COUNT * MESSAGES, detail)
  report.atMost('mix-ups', mixups, 0, 'requests with another history than their own, answers displayed to other users')
  report.atMost('interleavings', interleavings, 0, 'answers begun before the previous one was complete')
}

/** Conversations that end and expire. */
class IdleConversations {
  private constructor(
    readonly name: string, readonly chat: ManyConversations, readonly before: number, readonly after: number,
  ) {}

  static async start(database: boolean): Promise<IdleConversations> {
    const chat = await ManyConversations.start({ database, idleExpiry: EXPIRY_MS })
    const [warmUp, idle] = [userIds('early', 20), userIds('idle', IDLE_COUNT)]
    await chat.createUsers([...warmUp, ...idle])
    await chat.run({ userIds: warmUp, messages: 10, burst: 1 })
    const before = await chat.heap()
    await chat.run({ userIds: idle, messages: BURST, burst: BURST })
    return new IdleConversations(database ? 'with database' : 'in memory', chat, before, await chat.heap())
  }

  async measure(report: Report) {
    const { name, chat, before, after } = this
    const perConversation = (heap: number) => (heap - before) / IDLE_COUNT / 1024
    for (let time = 0; time < EXPIRY_MS * 2 && await chat.storedConversations(); time += 200) await sleep(200)
    const left = await chat.storedConversations()
    const detail = `${perConversation(await chat.heap()).toFixed(1)} KB per conversation`
    report.atMost(`memory per idle conversation of ${BURST} messages, ${name}, KB`, perConversation(after), 32)
    report.atMost(`conversations left after their expiry, ${name}`, left, 0, detail)
    await chat.stop()
  }
}

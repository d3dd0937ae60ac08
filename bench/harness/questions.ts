import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import type { Payload } from 'testkit'
import type { Connection } from './load'
import { Load } from './load'
import { encodeRequest, pollMessage, replyStream } from './wecom'

const POLL_INTERVAL_MS = 100
/** Where one connection asks for many answers in turn, most of which are complete by then. */
const FREQUENT_POLL_INTERVAL_MS = 25
const ANSWER_POLLERS = 4
const ANSWER_TIMEOUT_MS = 60_000

/** What the model answers to every question. */
export const ANSWER = '好的。'

export interface Asked {
  payload: Payload
  /** Milliseconds to the first reply. */
  firstReply: number
  stream: string
  finished: boolean
}

export async function ask(connection: Connection, payload: Payload): Promise<Asked> {
  const sentAt = performance.now()
  const { body } = await connection.request(encodeRequest(payload))
  const { id, finish } = replyStream(body)
  return { payload, firstReply: performance.now() - sentAt, stream: id, finished: finish }
}

/** Polls until the answer is complete. @throws if it is not the model's, or does not come */
export async function waitForAnswer(
  connection: Connection, { payload, stream }: Asked, pollIntervalMs = POLL_INTERVAL_MS,
) {
  for (const start = performance.now(); performance.now() - start < ANSWER_TIMEOUT_MS;) {
    const reply = await connection.request(encodeRequest(pollMessage(stream, payload)))
    const { finish, content } = replyStream(reply.body)
    if (finish) return assert.ok(content?.includes(ANSWER))
    await new Promise(resolve => setTimeout(resolve, pollIntervalMs))
  }
  throw new Error('an answer did not come')
}

/** Sends messages of different people at once, and waits for all answers. @returns milliseconds to each first reply */
export async function burst(port: number, payloads: readonly Payload[]): Promise<number[]> {
  const load = await Load.open(port, payloads.length)
  const { connections } = load
  const asked = await Promise.all(payloads.map((payload, index) => ask(connections[index]!, payload)))
  await Promise.all(asked.map((each, index) => waitForAnswer(connections[index]!, each)))
  load.close()
  return asked.map(({ firstReply }) => firstReply)
}

/** Questions one after another on a few connections, each with its answer. @returns answers per second */
export async function steady(port: number, payloads: readonly Payload[], connections: number): Promise<number> {
  const load = await Load.open(port, connections)
  const queue = [...payloads]
  const start = performance.now()
  await Promise.all(load.connections.map(async (connection) => {
    for (let payload = queue.shift(); payload; payload = queue.shift()) {
      const message = await ask(connection, payload)
      if (!message.finished) await waitForAnswer(connection, message)
    }
  }))
  load.close()
  return payloads.length / (performance.now() - start) * 1000
}

export interface Throughput {
  /** First replies a second. */
  acknowledged: number
  /** Complete answers a second, until the last one is there. */
  answered: number
}

/**
 * Questions on a few connections, each as soon as the one before it on its connection is acknowledged. Their answers
 * are polled for in the order of the questions.
 */
export async function sustained(port: number, payloads: readonly Payload[], connections: number): Promise<Throughput> {
  const askers = await Load.open(port, connections)
  const pollers = await Load.open(port, ANSWER_POLLERS)
  const questions = [...payloads]
  const acknowledged: Asked[] = []
  const start = performance.now()
  const perSecond = () => payloads.length / (performance.now() - start) * 1000
  const asking = Promise.all(askers.connections.map(async (connection) => {
    for (let payload = questions.shift(); payload; payload = questions.shift()) {
      acknowledged.push(await ask(connection, payload))
    }
  })).then(perSecond)
  let left = payloads.length
  await Promise.all(pollers.connections.map(async (connection) => {
    while (left > 0) {
      const asked = acknowledged.shift()
      if (!asked) {
        await new Promise(resolve => setTimeout(resolve, FREQUENT_POLL_INTERVAL_MS))
        continue
      }
      left--
      if (!asked.finished) await waitForAnswer(connection, asked, FREQUENT_POLL_INTERVAL_MS)
    }
  }))
  const answered = perSecond()
  askers.close()
  pollers.close()
  return { acknowledged: await asking, answered }
}

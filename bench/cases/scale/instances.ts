import { performance } from 'node:perf_hooks'
import { createGemini, scenarios } from 'testkit'
import { RedisServer } from '../../../tests/support/redis'
import type { Report } from '../../harness'
import { Connection, Load } from '../../harness'
import { ANSWER, ask, waitForAnswer } from '../../harness/questions'
import { ShippedInstance } from '../../harness/shipped-instance'
import { encodeRequest, messageOf, pollMessage, replyStream } from '../../harness/wecom'

const CONNECTIONS = 16
const MESSAGES = 150
const POLL_TIME_MS = 1000
const GROWING_MESSAGES = 10
const GROWING_PARTS = 10
const PART_INTERVAL_MS = 500

/** What Redis has done since its start. */
interface RedisUse {
  /** Operations, those within scripts included. */
  operations: number
  scripts: number
  cpuSeconds: number
}

/**
 * What several instances on one machine answer, and what the shared state costs beside the memory of one process. The
 * instances, Redis and the load generator share the cores: how the rates grow depends on their number.
 */
export async function instances(report: Report) {
  const gemini = await createGemini()
  try {
    let alone: number | undefined
    for (const count of [0, 1, 2, 3]) {
      const redis = count ? await RedisServer.start() : undefined
      const env = { GEMINI_API_KEY: 'benchmark', GEMINI_BASE_URL: gemini.url, ...redis && { REDIS_URL: redis.url } }
      const started: ShippedInstance[] = []
      try {
        for (let index = 0; index < Math.max(1, count); index++) started.push(await ShippedInstance.start(env))
        const name = count ? `${count} with Redis` : '1 without Redis'
        gemini.respond(() => scenarios.text(ANSWER))
        await answer(started, 'warm-up')
        const before = { cpu: await cpuOf(started), redis: await useOf(redis) }
        const rate = await answer(started, 'person')
        const cpu = (await cpuOf(started) - before.cpu) / MESSAGES * 1000
        report.atLeast(`${name}: answered messages a second, ${CONNECTIONS} at a time`, rate, 1)
        report.atMost(`${name}: CPU of the instances per answered message, ms`, cpu, 100)
        alone ??= cpu
        if (count === 1) report.atMost('CPU per answered message with Redis : without', cpu / alone, 3)
        reportRedis(report, `${name}, short answers`, before.redis, await useOf(redis), MESSAGES)
        const growing = () => Array.from({ length: GROWING_PARTS }, () => [pause(), 'x']).flat()
        gemini.respond(() => scenarios.text(...growing(), ANSWER))
        await measurePolls(report, name, started)
        const idle = await useOf(redis)
        await grow(started)
        const seconds = GROWING_PARTS * PART_INTERVAL_MS / 1000
        reportRedis(report, `${name}, answers of ${seconds} s polled each second`, idle, await useOf(redis), GROWING_MESSAGES)
      } finally {
        for (const each of started) await each.stop()
        await redis?.close()
      }
    }
  } finally {
    await gemini.close()
  }
}

const pause = () => new Promise<void>(resolve => setTimeout(resolve, PART_INTERVAL_MS))

/** Sends each message to one instance, and polls it at the next one. @returns answers a second */
async function answer(all: readonly ShippedInstance[], prefix: string): Promise<number> {
  let next = 0
  const start = performance.now()
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    const connections = await Promise.all(all.map(({ port }) => Connection.open(port)))
    while (next < MESSAGES) {
      const index = next++
      const asked = await ask(connections[index % all.length]!, messageOf(`${prefix}-${index}`, '你好'))
      if (!asked.finished) await waitForAnswer(connections[(index + 1) % all.length]!, asked)
    }
    for (const connection of connections) connection.close()
  }))
  return MESSAGES / (performance.now() - start) * 1000
}

/** Polls of a growing answer: at the instance that answers, and at another one. */
async function measurePolls(report: Report, name: string, all: readonly ShippedInstance[]) {
  const connection = await Connection.open(all[0]!.port)
  for (const [index, where] of ['own', 'of another instance'].entries()) {
    const port = all[index]?.port
    if (!port) continue
    const { payload, stream } = await ask(connection, messageOf(`polled ${where}`, '你好'))
    const load = await Load.open(port, CONNECTIONS)
    const poll = () => encodeRequest(pollMessage(stream, payload))
    const { rate } = await load.run(POLL_TIME_MS, poll, ({ body }) => void replyStream(body))
    load.close()
    report.atLeast(`${name}: polls a second, ${where}`, rate, 10)
  }
  connection.close()
}

/** Answers that take some seconds, polled once a second at the instances in turn. */
async function grow(all: readonly ShippedInstance[]) {
  await Promise.all(Array.from({ length: GROWING_MESSAGES }, async (_, index) => {
    const connections = await Promise.all(all.map(({ port }) => Connection.open(port)))
    const { payload, stream } = await ask(connections[index % all.length]!, messageOf(`growing-${index}`, '你好'))
    for (let polls = 1, isFinished = false; !isFinished; polls++) {
      await new Promise(resolve => setTimeout(resolve, 1000))
      const connection = connections[(index + polls) % all.length]!
      const { body } = await connection.request(encodeRequest(pollMessage(stream, payload)))
      isFinished = replyStream(body).finish
    }
    for (const connection of connections) connection.close()
  }))
}

async function cpuOf(all: readonly ShippedInstance[]): Promise<number> {
  const usages = await Promise.all(all.map(each => each.usage()))
  return usages.reduce((sum, { cpu }) => sum + cpu, 0)
}

async function useOf(redis?: RedisServer): Promise<RedisUse | undefined> {
  if (!redis) return
  const info = String(await redis.command('INFO', 'everything'))
  const read = (pattern: RegExp) => Number(pattern.exec(info)?.[1] ?? 0)
  return {
    operations: read(/total_commands_processed:(\d+)/),
    scripts: read(/cmdstat_evalsha:calls=(\d+)/),
    cpuSeconds: read(/used_cpu_user:([\d.]+)/) + read(/used_cpu_sys:([\d.]+)/),
  }
}

function reportRedis(report: Report, name: string, before?: RedisUse, after?: RedisUse, messages = 1) {
  if (!before || !after) return
  report.atMost(`${name}: operations of Redis per message, within scripts included`,
    (after.operations - before.operations) / messages, 500)
  report.atMost(`${name}: scripts of Redis per message`, (after.scripts - before.scripts) / messages, 100)
  report.atMost(`${name}: CPU of Redis per message, ms`, (after.cpuSeconds - before.cpuSeconds) / messages * 1000, 50)
}

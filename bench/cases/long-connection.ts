import { performance } from 'node:perf_hooks'
import { createGemini, scenarios, WecomGateway } from 'testkit'
import type { Report } from '../harness'
import { median } from '../harness'
import { ServerProcess } from '../harness/process'

const ROUNDS = 40
const CONVERSATIONS = 1000
/** Longest wait for all conversations to show something. */
const PATIENCE_MS = 60_000

/** WeCom's long connection: the first chunk, a thousand answers at once on one socket, and their memory. */
export async function longConnection(report: Report) {
  await measureFirstChunk(report)
  await measureConversations(report)
}

/** From the model writing its first chunk to the gateway showing it. No limit holds it back. */
async function measureFirstChunk(report: Report) {
  const [gateway, gemini] = [await WecomGateway.create(), await createGemini()]
  const server = await ServerProcess.start('long-connection', { wsUrl: gateway.url, baseUrl: gemini.url })
  await gateway.until(() => gateway.isSubscribed(), PATIENCE_MS)
  const delays: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const userId = `user-${round}`
    let writtenAt = 0
    gemini.respond(() => {
      const pause = new Promise<void>(resolve => setTimeout(() => {
        writtenAt = performance.now()
        resolve()
      }, 150))
      return scenarios.text(pause, 'first ', 'second')
    })
    const shown = new Promise<number>((resolve) => {
      gateway.onshown = (chatId, { content }) => {
        if (chatId === userId && content.includes('first')) resolve(performance.now())
      }
    })
    gateway.say(`question ${round}`, { userId })
    delays.push(await shown - writtenAt)
    await gateway.until(() => gateway.messages(userId).at(-1)!.isFinished, PATIENCE_MS)
  }
  await server.stop()
  report.atMost('first chunk on the screen, ms (median)', median(delays), 30, `slowest ${Math.round(Math.max(...delays))} ms`)
  report.atMost('violations of the protocol, one after the other', gateway.violations.length, 0)
  await Promise.all([gateway.close(), gemini.close()])
}

/** A thousand people are answered at once, over one socket. */
async function measureConversations(report: Report) {
  const gateway = await WecomGateway.create()
  const server = await ServerProcess.start('long-connection', { wsUrl: gateway.url })
  await gateway.until(() => gateway.isSubscribed(), PATIENCE_MS)
  const people = (name: string) => Array.from({ length: CONVERSATIONS }, (_, index) => `${name}-${index}`)
  const isIn = (userId: string, ending: string) => gateway.texts(userId).at(-1)?.endsWith(ending) ?? false

  async function ask(userIds: string[]) {
    for (const userId of userIds) gateway.say('hello', { userId })
    await gateway.until(() => userIds.every(userId => isIn(userId, '…')), PATIENCE_MS)
    while (await server.call<number>('open') < userIds.length) await new Promise(resolve => setTimeout(resolve, 50))
  }
  async function end(userIds: string[]) {
    await server.call('release')
    await gateway.until(() => userIds.every(userId => isIn(userId, 'complete')), PATIENCE_MS)
  }

  const [early, measured] = [people('early'), people('person')]
  await ask(early)
  await end(early)
  const before = await server.call<number>('heap')
  const startedAt = performance.now()
  await ask(measured)
  const seconds = (performance.now() - startedAt) / 1000
  const heap = await server.call<number>('heap')
  await end(measured)
  const complete = measured.filter(userId => gateway.texts(userId).join() === 'answer to hello: complete').length
  await server.stop()
  const detail = `${gateway.connectionCount} connection, all answers begun within ${seconds.toFixed(1)} s`
  report.atLeast(`complete answers of ${CONVERSATIONS} at once`, complete, CONVERSATIONS, detail)
  report.atMost(`violations of the protocol, ${CONVERSATIONS} at once`, gateway.violations.length, 0, gateway.violations[0])
  report.atMost('memory per open answer, KB', (heap - before) / CONVERSATIONS / 1024, 32)
  await gateway.close()
}

import assert from 'node:assert/strict'
import type { Candidate, HttpReply, Report } from '../../harness'
import { ServerProcess, compare, compareTrials } from '../../harness'
import { encodeRequest, pollMessage, replyStream, textMessage } from '../../harness/wecom'
import { cycle, openStreams } from '../callbacks'

const CONNECTIONS = 32

/** What koishi-plugin-shared-state costs an instance that shares nothing: messages and polls, with and without it. */
export async function sharedState(report: Report) {
  await compareTrials(report, 0.95, async (record) => {
    const servers = (answer: 'hold' | 'pong') => Promise.all([true, false].map((sharedState) => {
      return ServerProcess.start('instance', { answer, sharedState, wecom: { firstReply: answer === 'hold' ? 10 : 4000 } })
    }))
    const measure = async (name: string, [subject, baseline]: Candidate[]) => {
      const comparison = await compare(subject, baseline, { connections: CONNECTIONS })
      record(`${name}, ${CONNECTIONS} connections, with shared-state in memory : without`, comparison)
      for (const { server } of [subject, baseline]) await server.stop()
    }

    await measure('messages', (await servers('pong')).map(server => ({
      server,
      nextRequest: () => encodeRequest(textMessage('ping')),
      check: ({ body }) => assert.equal(replyStream(body).content, 'pong'),
    })))
    await measure('polls', await Promise.all((await servers('hold')).map(async (server) => {
      const streams = await openStreams(server, 64)
      const requests = streams.map(({ id, payload }) => encodeRequest(pollMessage(id, payload)))
      return { server, nextRequest: cycle(requests), check: ({ body }: HttpReply) => void replyStream(body) }
    })))
  })
}

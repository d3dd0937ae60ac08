import assert from 'node:assert/strict'
import type { Payload } from 'testkit'
import type { HttpReply, Report } from '../harness'
import { Connection, ServerProcess, compare, compareTrials } from '../harness'
import { decryptReply, encodeRequest, pollMessage, replyStream, textMessage } from '../harness/wecom'
import { ALL_FEATURES } from '../servers/settings'

interface OpenStream {
  payload: Payload
  id: string
}

/** Sends messages whose replies stay unfinished. */
export async function openStreams({ port }: ServerProcess, count: number): Promise<OpenStream[]> {
  const connection = await Connection.open(port)
  const streams: OpenStream[] = []
  while (streams.length < count) {
    const payload = textMessage('hello')
    const { body } = await connection.request(encodeRequest(payload))
    streams.push({ payload, id: replyStream(body).id })
  }
  connection.close()
  return streams
}

async function send({ port }: ServerProcess, request: Buffer): Promise<HttpReply> {
  const connection = await Connection.open(port)
  const reply = await connection.request(request)
  connection.close()
  return reply
}

/** Repeats the same requests endlessly. */
export function cycle(requests: readonly Buffer[]): () => Buffer {
  let index = 0
  return () => requests[index++ % requests.length]
}

interface Setup {
  name: string
  /** The adapter's configuration. */
  wecom: { previousToken?: string }
  database?: boolean
  connections: number[]
}

const setups: Setup[] = [
  { name: '', wecom: {}, connections: [32, 256] },
  { name: ' with all features on', wecom: ALL_FEATURES, database: true, connections: [32] },
]

/** Callbacks that the adapter answers without a plugin, compared with a route that only decrypts and encrypts. */
export async function callbacks(report: Report) {
  for (const { name: setup, wecom, database, connections: loads } of setups) {
    await compareTrials(report, 0.9, async (record) => {
      const adapter = await ServerProcess.start('instance', { answer: 'hold', database, wecom: { ...wecom, firstReply: 10 } })
      const streams = await openStreams(adapter, 64)
      const { previousToken } = wecom
      const bare = await ServerProcess.start('bare', { dispatch: false, database, previousToken })
      const kinds: [name: string, requests: Buffer[]][] = [
        ['polls', streams.map(({ id, payload }) => encodeRequest(pollMessage(id, payload)))],
        ['duplicates', streams.map(({ payload }) => encodeRequest(payload))],
        ['forged', streams.map(({ payload }) => encodeRequest(payload, 'forged'))],
      ]
      for (const [name, requests] of kinds) {
        const expected = await send(adapter, requests[0])
        if (expected.status === 200) await bare.call('setReply', decryptReply(expected.body))
        const check = ({ status, body }: HttpReply) => {
          assert.equal(status, expected.status)
          assert.ok(Math.abs(body.length - expected.body.length) < 32)
        }
        for (const connections of loads) {
          const [subject, baseline] = [adapter, bare].map(server => ({ server, nextRequest: cycle(requests), check }))
          const comparison = await compare(subject, baseline, { connections })
          record(`${name}${setup}, ${connections} connections, adapter : bare route`, comparison)
        }
      }
      await Promise.all([adapter.stop(), bare.stop()])
    })
  }
}

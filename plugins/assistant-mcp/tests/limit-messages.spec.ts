import assert from 'node:assert/strict'
import { limitMessages, MAX_MESSAGE_BYTES } from '../src/limit-messages'

/** Sends pieces through the limit. @returns the bytes that came through, and whether it failed */
async function send(pieces: string[], isEventStream: boolean) {
  let failures = 0
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(Buffer.from(piece))
      controller.close()
    },
  })
  let bytes = 0
  try {
    for await (const chunk of limitMessages(source, isEventStream, () => failures++)) bytes += chunk.length
  } catch (error) {
    assert.equal((error as { code: string }).code, 'assistant-mcp/message-too-large')
  }
  return { bytes, failures }
}

describe('the limit of messages', () => {
  const half = 'x'.repeat(MAX_MESSAGE_BYTES / 2)
  const cases: [string, string[], boolean, number][] = [
    ['lets a body of the allowed size through', [half, half], false, 0],
    ['fails a body that is larger', [half, half, 'x'], false, 1],
    ['counts each event of a stream alone', [`data: ${half}\n\n`, `data: ${half}\r\n\r\n`, `data: ${half}\n\n`], true, 0],
    ['sees the end of an event that is cut anywhere', [`data: ${half}\n`, '\n', `data: ${half}\r\n\r`, `\ndata: ${half}`, '\n\n'], true, 0],
    ['adds up the lines of one event', [`data: ${half}\n`, `data: ${half}\n\n`], true, 1],
    ['adds up comments and lines without an end', [':\n'.repeat(3), half, half], true, 1],
  ]
  for (const [what, pieces, isEventStream, failures] of cases) {
    it(what, async () => {
      const sent = await send(pieces, isEventStream)
      assert.equal(sent.failures, failures)
      if (!failures) assert.equal(sent.bytes, pieces.join('').length)
    })
  }
})

import assert from 'node:assert/strict'
import { Call } from '../../../src/engine/http/call'
import { CALL_ID_HEADER, createSdkFetch } from '../../../src/engine/gemini/fetch'
import { limits } from '../../support/gemini-engine'

describe('createSdkFetch', () => {
  it('cuts off an endless response and keeps its text', async () => {
    const call = new Call('key', limits)
    const event = 'data: {"candidates":[]}\n\n'
    let sent = 0
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += event.length
        controller.enqueue(Buffer.from(event))
      },
      cancel() {
        cancelled = true
      },
    })
    try {
      const heal = createSdkFetch(async () => new Response(body), new Map([[call.id, call]]), event.length * 10)
      const response = await heal('http://127.0.0.1/?alt=sse', { headers: { [CALL_ID_HEADER]: call.id } })
      let pieces = 0
      const reader = response.body!.getReader()
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        pieces++
        call.backpressure.consumed()
      }
      assert.equal(pieces, 10)
      assert.ok(cancelled && sent <= event.length * 12)
      assert.deepEqual([call.error?.kind, call.error?.message], ['protocol', `the response is longer than ${event.length * 10} bytes`])
    } finally {
      call.end()
    }
  })
})

import assert from 'node:assert/strict'
import { FakeClock, settle } from 'common/testing'
import type { WecomApiError } from '../../src/api/client'
import { ACK_TIMEOUT_MS, DOUBT_MS, LATE_ACK_MS } from '../../src/websocket/request-lane'
import { Requests } from '../../src/websocket/requests'

function setup() {
  const clock = new FakeClock()
  const written: string[] = []
  const requests = new Requests(clock, text => void written.push(text))
  /** What became of each frame, by its text. */
  const outcomes = new Map<string, string>()
  const send = (text: string, requestId = 'R') => {
    requests.send(requestId, text).then(
      () => outcomes.set(text, 'confirmed'),
      (error: WecomApiError) => outcomes.set(text, error.errcode ? String(error.errcode) : error.failure),
    )
  }
  const acknowledge = async (errcode = 0, requestId = 'R') => {
    requests.acknowledged({ kind: 'acknowledgement', requestId, errcode, body: {} })
    await settle()
  }
  return { clock, written, requests, outcomes, send, acknowledge }
}

describe('acknowledgements of the long connection', () => {
  it('allows one frame of a req_id at a time', async () => {
    const { written, outcomes, send, acknowledge } = setup()
    send('1')
    send('2')
    send('other', 'R2')
    assert.deepEqual(written, ['1', 'other'])
    await acknowledge()
    assert.deepEqual(written, ['1', 'other', '2'])
    await acknowledge(846608)
    assert.deepEqual([...outcomes], [['1', 'confirmed'], ['2', '846608']])
  })

  it('does not take a late acknowledgement for that of the next frame', async () => {
    const { clock, written, outcomes, send, acknowledge } = setup()
    send('1')
    send('last')
    await clock.advance(ACK_TIMEOUT_MS)
    assert.equal(outcomes.get('1'), 'unconfirmed')
    assert.deepEqual(written, ['1'], 'the late acknowledgement is waited for')
    await acknowledge(0)
    assert.deepEqual(written, ['1', 'last'])
    assert.equal(outcomes.has('last'), false)
    await acknowledge(846608)
    assert.equal(outcomes.get('last'), '846608')
  })

  const disagreements: [string, number[]][] = [['its own last', [0, 846608]], ['its own first', [846608, 0]]]
  for (const [order, codes] of disagreements) {
    it(`does not believe two acknowledgements that disagree, ${order}`, async () => {
      const { clock, outcomes, send, acknowledge } = setup()
      send('1')
      await clock.advance(ACK_TIMEOUT_MS + LATE_ACK_MS)
      send('last')
      for (const code of codes) await acknowledge(code)
      assert.equal(outcomes.get('last'), 'unconfirmed')
      send('again')
      await acknowledge(846608)
      assert.equal(outcomes.get('again'), '846608', 'nothing is overdue any more')
    })
  }

  it('takes a single acknowledgement where an earlier one was lost, after a moment of doubt', async () => {
    const { clock, outcomes, send, acknowledge } = setup()
    send('1')
    await clock.advance(ACK_TIMEOUT_MS + LATE_ACK_MS)
    send('2')
    await acknowledge()
    assert.equal(outcomes.has('2'), false)
    await clock.advance(DOUBT_MS)
    assert.equal(outcomes.get('2'), 'confirmed')
    await clock.advance(60_000)
    send('3')
    await acknowledge()
    assert.equal(outcomes.get('3'), 'confirmed', 'after a minute the lost one is not expected any more')
  })

  it('knows what was sent when the connection breaks', async () => {
    const { requests, outcomes, send } = setup()
    send('sent')
    send('waiting')
    requests.close()
    await settle()
    send('late')
    await settle()
    assert.deepEqual([...outcomes], [['sent', 'unconfirmed'], ['waiting', 'unsent'], ['late', 'unsent']])
  })

  it('ignores acknowledgements of unknown frames, and forgets what is done', async () => {
    const { clock, requests, send, acknowledge } = setup()
    await acknowledge(0, 'unknown')
    send('1')
    await acknowledge()
    assert.equal(requests.size, 0)
    send('lost', 'L')
    await clock.advance(20 * 60_000)
    assert.equal(requests.size, 1)
    send('2')
    await acknowledge()
    assert.equal(requests.size, 0)
    assert.equal(clock.pending, 0)
  })
})

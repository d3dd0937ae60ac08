import assert from 'node:assert/strict'
import { CallbackLog } from '../../src/callback/callback-log'
import type { CallbackErrorReason } from '../../src/protocol/callback-error'
import { CallbackError } from '../../src/protocol/callback-error'
import { FakeClock } from 'common/testing'

const MINUTE = 60_000
const reasons: CallbackErrorReason[] = [
  'malformed', 'decrypt', 'payload', 'signature', 'clock', 'replay', 'receive-id', 'foreign-bot', 'method', 'size',
]

function createLog() {
  const clock = new FakeClock()
  const lines: string[] = []
  return { clock, lines, log: new CallbackLog(clock, line => lines.push(line)) }
}

describe('CallbackLog', () => {
  it('logs reason, status, path and what to do', () => {
    const { log, lines } = createLog()
    log.refused(new CallbackError('signature'), '/wecom')
    log.refused(new CallbackError('clock', '600 s behind this server'), '/wecom')
    assert.equal(lines.length, 2)
    assert.match(lines[0], /signature \(403\) on \/wecom\..*Token.*Token/)
    assert.match(lines[1], /clock \(403\) on \/wecom, 600 s behind this server\./)
  })

  it('has a hint for every reason, in Chinese and English', () => {
    const { log, lines } = createLog()
    for (const reason of reasons) log.refused(new CallbackError(reason), '/wecom')
    assert.equal(lines.length, reasons.length)
    for (const line of lines) assert.match(line, /[\u4e00-\u9fff].* \/ .*[a-z]/)
  })

  it('names the right path for a misrouted callback, and truncates the wrong one', () => {
    const { log, lines } = createLog()
    for (let count = 0; count < 100; count++) log.misrouted(`/\n\x1b${'x'.repeat(1000)}`, ['/one', '/two'])
    assert.equal(lines.length, 10)
    assert.match(lines[0], /^收到发往 \/\?\?x{97} 的回调，.*\/one, \/two \/ a callback was sent to .* \/one, \/two$/)
  })

  for (const [path, isCut] of [
    ['/', true], ['/callback', true], ['/callback/', true], ['/wecom/callback', true], ['/wecom', false], ['/x/api', false],
  ] as const) {
    it(`${isCut ? 'mentions' : 'does not mention'} a proxy that cuts the path to ${path}`, () => {
      const { log, lines } = createLog()
      log.misrouted(path, ['/api/wecom/callback'])
      assert.equal(/proxy_pass 结尾不要带 \/ .*remove the \/ at the end of proxy_pass/.test(lines[0]), isCut)
    })
  }

  it('is limited under a flood, and counts it', async () => {
    const { clock, log, lines } = createLog()
    for (let count = 0; count < 10_000; count++) log.refused(new CallbackError('signature'), '/wecom')
    assert.equal(lines.length, 10)
    await clock.advance(MINUTE)
    log.refused(new CallbackError('signature'), '/wecom')
    assert.equal(lines.length, 12)
    assert.match(lines[10], /signature.*9990 more/)
  })

  it('is limited under a slow flood', async () => {
    const { clock, log, lines } = createLog()
    for (let second = 0; second < 3600; second++) {
      log.refused(new CallbackError('signature'), '/wecom')
      await clock.advance(1000)
    }
    assert.ok(lines.length <= 60 * 11, String(lines.length))
  })

  it('does not hide another reason under a flood', () => {
    const { log, lines } = createLog()
    for (let count = 0; count < 100; count++) log.refused(new CallbackError('signature'), '/wecom')
    log.refused(new CallbackError('decrypt'), '/wecom')
    assert.match(lines.at(-1)!, /decrypt/)
  })

  it('has no timer', () => {
    const { clock, log } = createLog()
    for (let count = 0; count < 100; count++) log.refused(new CallbackError('size'), '/wecom')
    assert.equal(clock.pending, 0)
  })
})

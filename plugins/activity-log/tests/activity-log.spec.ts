import assert from 'node:assert/strict'
import { Context, h, Logger } from 'koishi'
import mock from '@koishijs/plugin-mock'
import * as activityLog from '../src'
import { activityLine } from '../src/line'

describe('activity-log', () => {
  let app: Context
  const lines: string[] = []
  const target: Logger.Target = {
    colors: 0,
    record: ({ name, content }) => void (name === 'activity' && lines.push(content)),
  }

  before(() => { Logger.targets.push(target) })
  after(() => { Logger.targets.splice(Logger.targets.indexOf(target), 1) })
  afterEach(() => app.stop())

  async function start(text = false) {
    app = new Context()
    app.plugin(mock as never)
    app.plugin(activityLog, { text })
    app.middleware((session, next) => session.content === 'hi' ? 'hello' : next())
    await app.start()
    lines.splice(0)
  }

  /** Sends a message as an adapter does. */
  async function push(text: string) {
    const session = app.bots[0].session({ type: 'send', channel: { id: '456', type: 0 } } as never)
    session.elements = [h.text(text)]
    await app.serial(session, 'before-send', session, {})
  }

  it('has a line for a message and one for its reply', async () => {
    await start()
    await app.mock.client('123', '456').receive('hi')
    assert.equal(lines.length, 2, lines.join('\n'))
    assert.match(lines[0], /^mock Message user=123 chat=456 (msgid=\S+ )?kind=text$/)
    assert.match(lines[1], /^mock Reply user=123 chat=456 (msgid=\S+ )?messages=1 ms=\d+ outcome=replied$/)
  })

  it('tells a message that gets no reply', async () => {
    await start()
    await app.mock.client('123').receive('hey')
    assert.match(lines[1], /^mock Reply user=123 chat=direct .*messages=0 ms=\d+ outcome=silent$/)
  })

  it('has a line for a push', async () => {
    await start()
    await push('news')
    assert.deepEqual(lines, ['mock Push chat=456 kind=text'])
  })

  it('has a line for a push that could not be sent', async () => {
    await start()
    const session = app.bots[0].session({ type: 'send', channel: { id: '456', type: 0 } } as never)
    session.elements = [h.text('news')]
    for (const [plugin, error] of [
      ['wecom-bot', Object.assign(new Error('x'), { code: 'wecom-bot/no-route' })], ['dingtalk-companion', new TypeError('x')],
    ]) app.emit(`${plugin as string}/send-failed` as never, ...[session, error] as never)
    assert.deepEqual(lines, [
      'mock Push chat=456 kind=text outcome=failed reason=wecom-bot/no-route', 'mock Push chat=456 kind=text outcome=failed reason=TypeError',
    ])
  })

  it('tells a message whose replies could not be sent', async () => {
    await start()
    app.on('before-send', (sent, { session: source } = {}) => {
      const error = Object.assign(new Error('x'), { code: 'wecom-bot/delivery-refused' })
      if (source) app.emit('wecom-bot/send-failed' as never, ...[sent, error, source] as never)
      return true
    })
    await app.mock.client('123', '456').receive('hi')
    assert.match(lines[1], /^mock Reply user=123 chat=456 .*kind=text outcome=failed reason=wecom-bot\/delivery-refused$/)
    assert.match(lines[2], /^mock Reply user=123 chat=456 .*messages=0 failed=1 ms=\d+ outcome=failed$/)
  })

  it('has a line for the outcome of an answer', async () => {
    await start()
    const session = app.bots[0].session({ type: 'message', user: { id: 'u' }, channel: { id: 'c', type: 0 } } as never)
    const emit = (outcome: object) => app.emit(session as never, 'gemini/outcome' as never, ...[outcome, session] as never)
    emit({ result: 'answered', model: 'm', promptTokens: 8, answerTokens: 2, ms: 30, firstTextMs: 20 })
    emit({ result: 'refused', reason: 'limits.user-rate', promptTokens: 0, answerTokens: 0, ms: 0 })
    assert.match(lines[0], /^mock AIHandler user=u chat=c model=m tokens=8\+2 firsttext=20 ms=30 outcome=answered$/)
    assert.match(lines[1], /^mock AIHandler user=u chat=c outcome=refused reason=limits\.user-rate$/)
  })

  it('has a line for a refused callback', async () => {
    await start()
    const refusal = { reason: 'signature', status: 403, path: '/a b', hint: '…' }
    app.emit('wecom-bot/callback-refused' as never, ...[refusal] as never)
    assert.deepEqual(lines, ['企业微信 Callback path="/a b" status=403 outcome=refused reason=signature'])
  })

  it('has no texts, unless the setting asks for them', async () => {
    await start()
    await app.mock.client('123').receive('hi')
    await push('secret news')
    assert.doesNotMatch(lines.join('\n'), /hi\b|hello|secret/)
    await app.stop()
    await start(true)
    await app.mock.client('123').receive('hi')
    await push('secret news')
    assert.match(lines[0], / text=hi$/)
    assert.match(lines.at(-1)!, / text="secret news"$/)
  })

  it('tells other plugins whether texts may be stored', async () => {
    for (const text of [false, true]) {
      await start(text)
      assert.equal(app.bail('activity-log/keeps-text') ?? false, text)
      if (!text) await app.stop()
    }
  })

  it('names the platforms as operators do', () => {
    assert.equal(activityLine('wecom-bot', 'Message', { user: 'a' }), '企业微信 Message user=a')
    assert.equal(activityLine('dingtalk', 'Push', {}), '钉钉 Push')
  })

  for (const [value, shown] of [
    ['a b', '"a b"'], ['a\nb', '"a\\nb"'], ['a="b"', '"a=\\"b\\""'], ['\u001b[31m', '"\\u001b[31m"'], ['\u202e', '"?"'],
    ['张三', '张三'], ['x'.repeat(300), 'x'.repeat(200)],
  ]) {
    it(`keeps a value in its field: ${JSON.stringify(value.slice(0, 20))}`, () => {
      assert.equal(activityLine('p', 'Message', { user: value }), `p Message user=${shown}`)
    })
  }
})

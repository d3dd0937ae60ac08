import assert from 'node:assert'
import { inspect } from 'node:util'
import { classifyError, errorInBody } from '../../../src/engine/gemini/classify-error'
import type { EngineErrorKind, EngineErrorReason } from '../../../src/engine/error'
import { EngineError, redact } from '../../../src/engine/error'

const wire = (code: number, status: string, message: string, ...details: object[]) => {
  return { error: { code, status, message, details } }
}

const quota = (...ids: string[]) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: ids.map(quotaId => ({ quotaId })),
})

const retry = (retryDelay: string) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay })
const info = (reason: string) => ({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason })
const failure = (message: string, rest: object = {}) => Object.assign(new Error(message), rest)

describe('classifyError with a response body', () => {
  const cases: [EngineErrorKind, object][] = [
    ['auth', wire(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', info('API_KEY_INVALID'))],
    ['auth', wire(400, 'INVALID_ARGUMENT', 'API key expired. Please renew the API key.')],
    ['auth', wire(401, 'UNAUTHENTICATED', 'Bad credentials', info('ACCESS_TOKEN_TYPE_UNSUPPORTED'))],
    ['auth', wire(403, 'PERMISSION_DENIED', 'Consumer has been suspended', info('CONSUMER_SUSPENDED'))],
    ['region', wire(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.')],
    ['region', wire(400, 'FAILED_PRECONDITION', 'Gemini API free tier is not available in your country.')],
    ['request', wire(400, 'FAILED_PRECONDITION', 'The file is still being processed.')],
    ['request', wire(400, 'INVALID_ARGUMENT', 'Unknown name "foo"')],
    ['request', wire(413, 'INVALID_ARGUMENT', 'Request payload is too large')],
    ['model', wire(404, 'NOT_FOUND', 'models/gemini-1 is not found for API version v1beta')],
    ['rate', wire(429, 'RESOURCE_EXHAUSTED', 'Slow down', quota('GenerateRequestsPerMinutePerProjectPerModel'))],
    ['quota-day', wire(429, 'RESOURCE_EXHAUSTED', 'Enough', quota('TokensPerMinute', 'RequestsPerDayPerProject-FreeTier'))],
    ['rate', wire(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted')],
    ['server', wire(500, 'INTERNAL', 'An internal error has occurred.')],
    ['server', wire(503, 'UNAVAILABLE', 'The model is overloaded.')],
    ['server', wire(504, 'DEADLINE_EXCEEDED', 'Deadline expired')],
  ]

  for (const [kind, body] of cases) {
    const { code, message } = (body as ReturnType<typeof wire>).error
    it(`${code} "${message.slice(0, 40)}" is ${kind}`, () => {
      const error = classifyError(body)
      assert.equal(error.kind, kind)
      assert.equal(error.status, code)
      assert.equal(error.message, message)
    })
  }

  it('takes text, and a body wrapped in an array', () => {
    const body = wire(429, 'RESOURCE_EXHAUSTED', 'Slow down', quota('PerDay'), retry('36s'))
    for (const form of [body, [body], JSON.stringify(body), JSON.stringify([body])]) {
      const { kind, status, retryAfter, quota } = classifyError(form, { status: 429 })
      assert.deepEqual({ kind, status, retryAfter, quota },
        { kind: 'quota-day', status: 429, retryAfter: 36000, quota: 'PerDay' })
    }
  })

  it('tells the quota of a project from that of a model', () => {
    const scope = (...ids: string[]) => {
      return classifyError(wire(429, 'RESOURCE_EXHAUSTED', 'Enough', quota(...ids))).isProjectWide
    }
    assert.equal(scope('RequestsPerDayPerProject-FreeTier'), true)
    assert.equal(scope('RequestsPerDayPerProjectPerModel-FreeTier'), undefined)
    assert.equal(scope(), undefined)
  })

  it('reads the time to wait', () => {
    const after = (body: object, retryAfter?: string) => {
      return classifyError(body, { status: 429, retryAfter, now: 0 }).retryAfter
    }
    assert.equal(after(wire(429, '', '', retry('0.5s'))), 500)
    assert.equal(after(wire(429, '', '', retry('36s')), '5'), 36000)
    assert.equal(after(wire(429, '', ''), '5'), 5000)
    assert.equal(after(wire(429, '', ''), 'Thu, 01 Jan 1970 00:00:07 GMT'), 7000)
    assert.equal(after(wire(429, '', 'Please retry in 36.97s.')), 36970)
    assert.equal(after(wire(429, '', 'Please retry in 512.5ms.')), 513)
    assert.equal(after(wire(429, '', ''), 'soon'), undefined)
  })

  it('uses the name or the response status if there is no code', () => {
    assert.equal(classifyError({ error: { status: 'RESOURCE_EXHAUSTED', message: '' } }).kind, 'rate')
    assert.equal(classifyError({ error: { code: 'rate_limit', message: '' } }, { status: 429 }).kind, 'rate')
    assert.equal(classifyError({ error: 'upstream is gone' }, { status: 200 }).kind, 'server')
    assert.equal(classifyError({ error: 'upstream is gone' }).message, 'upstream is gone')
  })

  it('recognises refused thought signatures', () => {
    const error = classifyError(wire(400, 'INVALID_ARGUMENT', 'Corrupted thought signature.'))
    assert.deepEqual([error.kind, error.reason], ['request', 'signatures'])
  })

  it('recognises HTML pages', () => {
    const page = '<!doctype html><html><title>\n  Not here </title><body>…'
    assert.deepEqual(['region', 403], [classifyError(page, { status: 403 }).kind, classifyError(page, { status: 403 }).status])
    assert.equal(classifyError(page, { status: 404 }).kind, 'protocol')
    assert.match(classifyError(page, { status: 200 }).message, /^Not here: .*base URL/)
    assert.equal(classifyError(page, { status: 302 }).kind, 'protocol')
    assert.equal(classifyError(page, { status: 502 }).kind, 'server')
    assert.equal(classifyError('', { status: 429, retryAfter: '3' }).retryAfter, 3000)
    assert.equal(classifyError('', { status: 401 }).kind, 'auth')
  })

  it('ignores bodies that are no errors', () => {
    for (const body of [undefined, null, 1, 'x', {}, [], [{}], { candidates: [] }]) assert.equal(errorInBody(body), undefined)
  })
})

describe('classifyError with a thrown error', () => {
  it('recognises network errors', () => {
    for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH',
      'SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER']) {
      const error = classifyError(failure('no luck', { code }))
      assert.equal(error.kind, 'network', code)
      assert.equal(error.message, `no luck (${code})`)
    }
    assert.equal(classifyError(failure('aborted', { code: 'ECONNRESET' })).message, 'the connection was cut off (ECONNRESET)')
  })

  it('joins the errors of all addresses of a host', () => {
    const errors = [failure('connect ECONNREFUSED ::1:80'), failure('connect ECONNREFUSED 127.0.0.1:80')]
    const error = classifyError(Object.assign(new AggregateError(errors), { code: 'ECONNREFUSED' }))
    assert.equal(error.kind, 'network')
    assert.equal(error.message, 'connect ECONNREFUSED ::1:80, connect ECONNREFUSED 127.0.0.1:80')
  })

  it('recognises proxy errors', () => {
    for (const message of ['Socks5 Authentication failed', 'Socks5 proxy rejected connection - HostUnreachable',
      'Proxy connection ended before receiving CONNECT response', 'Proxy connection timed out']) {
      assert.equal(classifyError(failure(message)).kind, 'proxy')
    }
    assert.equal(classifyError(failure('connect ECONNREFUSED', { code: 'ECONNREFUSED' }), { proxy: true }).kind, 'proxy')
    assert.equal(classifyError('', { status: 407 }).kind, 'proxy')
  })

  it('recognises malformed HTTP', () => {
    assert.equal(classifyError(failure('Parse Error', { code: 'HPE_INVALID_CONSTANT' })).kind, 'protocol')
    assert.equal(classifyError(new SyntaxError('Unexpected token')).kind, 'protocol')
    assert.equal(classifyError(undefined).kind, 'server')
  })

  it('recognises aborts', () => {
    assert.equal(classifyError(new DOMException('', 'AbortError')).kind, 'aborted')
  })

  it('reads errors of the SDK', () => {
    const at = '[GoogleGenerativeAI Error]: Error fetching from https://user:pass@relay.example/v1beta/models/x: '
    const message = at + '[429 Too Many Requests] Slow down'
    const error = classifyError(failure(message, { status: 429, errorDetails: [quota('PerDay'), retry('9s')] }))
    assert.deepEqual([error.kind, error.retryAfter, error.quota], ['quota-day', 9000, 'PerDay'])
    assert.equal(error.message, 'Slow down')
    assert.equal(classifyError(failure('[GoogleGenerativeAI Error]: Failed to parse stream')).kind, 'protocol')
    class GoogleGenerativeAIAbortError extends Error {}
    assert.equal(classifyError(new GoogleGenerativeAIAbortError('[GoogleGenerativeAI Error]: x')).kind, 'aborted')
  })

  it('keeps an EngineError', () => {
    const error = new EngineError('rate', 'x')
    assert.equal(classifyError(error, { proxy: true }), error)
  })
})

describe('EngineError', () => {
  it('is retryable by kind and reason', () => {
    const retryable = (kind: EngineErrorKind, reason?: EngineErrorReason) => new EngineError(kind, '', { reason }).retryable
    for (const kind of ['rate', 'server', 'network'] as const) assert.ok(retryable(kind))
    for (const kind of ['auth', 'region', 'model', 'request', 'quota-day', 'proxy', 'aborted', 'blocked', 'protocol'] as const) {
      assert.ok(!retryable(kind), kind)
    }
    assert.ok(retryable('timeout', 'first-byte'))
    assert.ok(!retryable('timeout', 'idle'))
    assert.ok(retryable('empty'))
    assert.ok(!retryable('empty', 'length'))
  })

  it('has a different code for each kind', () => {
    const kinds: EngineErrorKind[] = [
      'auth', 'region', 'model', 'request', 'rate', 'quota-day', 'server', 'network', 'proxy', 'timeout', 'aborted',
      'blocked', 'empty', 'protocol',
    ]
    const codes = kinds.map(kind => new EngineError(kind, '').code)
    assert.equal(new Set(codes).size, kinds.length)
    for (const code of codes) assert.match(code, /^gemini-chat\/[a-z]+(-[a-z]+)*$/)
  })

  it('has only the details it was given', () => {
    assert.deepEqual(Object.keys(new EngineError('rate', '', { status: 429, quota: undefined })).sort(),
      ['code', 'kind', 'name', 'status'])
  })

  it('contains no secrets', () => {
    const secrets = ['AIzaSyA-0123456789_abcdefghijklmnopqrstu', 'AQ.Ab8RN6I-x_yz0123456789', 'hunter2', 'relay-key-1']
    const text = [
      `Consumer 'api_key:${secrets[0]}' has been suspended`, `key ${secrets[1]}`, `https://x/?alt=sse&key=${secrets[2]}`,
      `socks5://me:${secrets[2]}@10.0.0.1:1080`, `Bearer ${secrets[2]}`, `key ${secrets[3]}`,
    ].join(' | ')
    const error = classifyError({ error: { code: 403, message: text } }, { secret: 'relay-key-1' })
    for (const secret of secrets) assert.ok(!inspect(error).includes(secret), secret)
    assert.ok(error.message.includes('10.0.0.1:1080'))
  })

  it('has a short message', () => {
    assert.ok(redact('x'.repeat(5000)).length <= 501)
  })
})

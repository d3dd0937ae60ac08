import assert from 'node:assert/strict'
import { classifyError } from '../../../../src/engine/gemini/classify-error'
import { tokenLimitIn } from '../../../../src/engine/refusals'

const wire = (code: number | string, message: string, rest: object = {}) => ({ error: { code, message, ...rest } })

describe('refusals', () => {
  const paid = 'You exceeded your current quota, please check your plan and billing details.'
  const kinds: [string, object | string, number, string][] = [
    ['billing', wire(429, 'Your prepayment credits are depleted.'), 429, 'depleted credits'],
    ['billing', wire(429, `${paid} Quota exceeded for metric: x, limit: 0, model: y`), 429, 'limit: 0'],
    ['billing', wire(429, paid, { details: [{ violations: [{ quotaId: 'PerDay', quotaValue: '0' }] }] }), 429, 'a quota value of 0'],
    ['billing', wire('insufficient_user_quota', '用户额度不足'), 403, 'a code of new-api'],
    ['billing', wire('insufficient_quota', paid, { type: 'insufficient_quota' }), 429, 'a code of OpenAI'],
    ['billing', wire(402, 'Insufficient Balance'), 402, '402'],
    ['billing', wire(403, '余额不足，请充值'), 403, 'a balance in Chinese'],
    ['billing', wire(400, 'Your credit balance is too low to access the API'), 400, 'a low balance'],
    ['billing', wire(403, 'This API method requires billing to be enabled.', { details: [{ reason: 'BILLING_DISABLED' }] }), 403, 'billing that is off'],
    ['quota-day', wire(429, paid, { details: [{ violations: [{ quotaId: 'RequestsPerDayPerProject', quotaValue: '250' }] }] }), 429, 'a daily quota'],
    ['rate', wire(429, `${paid} limit: 10, model: y`), 429, 'limit: 10'],
    ['rate', wire(429, `${paid} limit: 0.5, model: y`), 429, 'limit: 0.5'],
    ['rate', wire(429, '今日额度已用完'), 429, 'a quota of today in Chinese'],
    ['server', wire(409, 'The operation was aborted.'), 409, '409'],
    ['server', wire(499, 'The operation was cancelled.'), 499, '499'],
    ['server', { error: { status: 'CANCELLED', message: '' } }, 200, 'CANCELLED'],
    ['server', { error: { status: 'ABORTED', message: '' } }, 200, 'ABORTED'],
    ['server', wire(425, 'Too early'), 425, '425'],
    ['server', wire(529, 'Overloaded'), 529, '529'],
    ['region', wire('unsupported_country_region_territory', 'Country, region, or territory not supported'), 403, 'a territory'],
    ['model', wire(404, 'models/x is not found'), 404, 'an unknown model'],
  ]

  for (const [kind, body, status, name] of kinds) {
    it(`are ${kind} for ${name}`, () => assert.equal(classifyError(body, { status }).kind, kind))
  }

  const reasons: [string | undefined, string, number?][] = [
    ['system', 'Developer instruction is not enabled for models/gemma-3-27b-it'],
    ['system', 'System instructions are not supported by this model'],
    ['system', 'Invalid JSON payload received. Unknown name "system_instruction": Cannot find field.'],
    ['tools', 'Function calling is not enabled for models/gemma-3-27b-it'],
    ['tools', 'Search as tool is not enabled for models/gemma-3-27b-it'],
    ['tools', 'Tool use with function calling is unsupported by the model.'],
    ['tools', 'No endpoints found that support tool use.', 404],
    ['tools', '该模型不支持工具调用'],
    ['files', 'Image input modality is not enabled for models/gemma-3-1b-it'],
    ['files', 'This model does not support image inputs'],
    ['files', 'No endpoints found that support image input', 404],
    ['files', '该模型不支持图片输入'],
    ['thinking', 'Thinking is not enabled for models/gemma-3-27b-it'],
    ['thinking', 'Budget 0 is invalid. This model only works in thinking mode.'],
    ['context', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'],
    ['context', "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."],
    ['context', 'Request payload size exceeds the limit: 20971520 bytes.'],
    ['context', 'prompt is too long: 210000 tokens > 200000 maximum'],
    ['context', 'Payload Too Large', 413],
    ['context', '输入过长'],
    ['signatures', 'Thought signature is not valid'],
    [undefined, 'Unsupported MIME type: image/heic'],
    [undefined, 'The file is still being processed.'],
    [undefined, 'max_output_tokens exceeds the maximum of 8192'],
    [undefined, 'Invalid value at generation_config'],
    [undefined, 'The requested combination is not supported for models/gemini-2.5-flash-image'],
  ]

  for (const [reason, message, status = 400] of reasons) {
    it(`are about ${reason ?? 'something else'}: ${message}`, () => {
      const error = classifyError(wire(status, message))
      assert.deepEqual([error.kind, error.reason], ['request', reason])
    })
  }

  it('tell the limit', () => {
    assert.equal(tokenLimitIn('The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'), 1_048_576)
    assert.equal(tokenLimitIn("This model's maximum context length is 8192 tokens."), 8192)
    assert.equal(tokenLimitIn('Request payload is too large'), undefined)
  })

  it('with a page are those of a gateway, unless Google sent it', () => {
    const page = (title: string) => `<html><title>${title}</title></html>`
    const kind = (title: string, status: number, isRelay = true) => classifyError(page(title), { status, isRelay }).kind
    assert.equal(kind('Just a moment...', 403), 'protocol')
    assert.equal(kind('401 Authorization Required', 401), 'protocol')
    assert.equal(kind('Error 403 (Forbidden)!!1', 403), 'region')
    assert.equal(kind('Anything', 403, false), 'region')
    assert.equal(kind('502 Bad Gateway', 502), 'server')
    assert.equal(kind('429 Too Many Requests', 429), 'rate')
  })
})

import assert from 'node:assert/strict'
import { isTrusted } from '../../src/media/trusted-hosts'

const api = 'https://qyapi.weixin.qq.com'

describe('isTrusted', () => {
  for (const [url, endpoint, trusted] of [
    ['https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=x', api, []],
    ['https://qyapi.weixin.qq.com:443/x', api, []],
    ['https://QYAPI.weixin.qq.com/x', api, []],
    ['https://wecom.corp.example/x', 'https://wecom.corp.example', []],
    ['https://wecom.corp.example:8443/x', 'https://wecom.corp.example:8443/', []],
    ['http://127.0.0.1:8080/x', api, ['127.0.0.1:8080']],
    ['http://127.0.0.1:8080/x', api, ['127.0.0.1']],
    ['http://[::1]:8080/x', api, ['[::1]']],
  ] as [string, string, string[]][]) {
    it(`accepts ${url} with ${[endpoint, ...trusted].join()}`, () => {
      assert.equal(isTrusted(url, endpoint, trusted), true)
    })
  }

  for (const [url, endpoint, trusted] of [
    ['http://qyapi.weixin.qq.com/x', api, []],
    ['https://qyapi.weixin.qq.com.evil.example/x', api, []],
    ['https://evil.example/?qyapi.weixin.qq.com', api, []],
    ['https://qyapi.weixin.qq.com@evil.example/x', api, []],
    ['https://user:pass@qyapi.weixin.qq.com/x', api, []],
    ['https://qyapi.weixin.qq.com:8443/x', api, []],
    ['http://127.0.0.1:8080/x', api, ['127.0.0.1:8081']],
    ['http://127.0.0.1/x', api, []],
    ['http://169.254.169.254/latest', api, ['127.0.0.1']],
    ['file:///etc/passwd', api, ['']],
    ['ftp://127.0.0.1/x', api, ['127.0.0.1']],
    ['javascript:alert(1)', api, []],
    ['', api, ['']],
    ['RESPONSEURL', api, []],
    ['//qyapi.weixin.qq.com/x', api, []],
  ] as [string, string, string[]][]) {
    it(`rejects ${JSON.stringify(url)} with ${[endpoint, ...trusted].join()}`, () => {
      assert.equal(isTrusted(url, endpoint, trusted), false)
    })
  }

  it('accepts WeCom\'s API if apiEndpoint is invalid', () => {
    for (const endpoint of ['', 'qyapi.weixin.qq.com', 'https://', 'nonsense']) {
      assert.equal(isTrusted('https://qyapi.weixin.qq.com/x', endpoint, []), true)
      assert.equal(isTrusted('https://evil.example/x', endpoint, []), false)
    }
  })
})

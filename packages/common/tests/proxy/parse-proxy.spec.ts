import assert from 'node:assert/strict'
import { ProxyError, parseProxy } from 'common/proxy'

describe('parseProxy', () => {
  it('has names resolved at the proxy, whatever the scheme', () => {
    const schemes = ['socks5', 'socks5h', 'socks', 'SOCKS5', 'socks4', 'socks4a', 'http', 'https']
    assert.deepEqual(schemes.map(scheme => parseProxy(` ${scheme}://localhost:1080 `).protocol),
      ['socks5h:', 'socks5h:', 'socks5h:', 'socks5h:', 'socks4a:', 'socks4a:', 'http:', 'https:'])
  })

  it('takes credentials of 255 bytes', () => {
    const { username, password } = parseProxy(`socks5://${'x'.repeat(255)}:${'%E4%BD%A0'.repeat(85)}@host:1080`)
    assert.equal(username.length, 255)
    assert.equal(decodeURIComponent(password), '你'.repeat(85))
  })

  for (const [name, address] of Object.entries({
    'no scheme': 'hunter2@127.0.0.1:1080',
    'no scheme and no credentials': '127.0.0.1:1080',
    'a scheme that is no proxy': 'ftp://me:hunter2@127.0.0.1:1080',
    'no host': 'socks5://',
    'no host after the remote scheme': 'socks5h://',
    'a port out of range': 'socks5://me:hunter2@127.0.0.1:99999',
    'a password with a #': 'socks5://me:hunter2#@127.0.0.1:1080',
    'a password with a /': 'http://me:hunter2/@127.0.0.1:1080',
    'a password with a stray %': 'socks5://me:hunter2%@127.0.0.1:1080',
    'a user name that is badly encoded': 'http://%zz@127.0.0.1',
    'a password too long for SOCKS': `socks5://me:hunter2${'x'.repeat(255)}@127.0.0.1:1080`,
    'a password too long in bytes': `socks5://me:hunter2${'%E4%BD%A0'.repeat(84)}@127.0.0.1:1080`,
    'a user name too long for SOCKS': `http://hunter2${'x'.repeat(255)}@127.0.0.1:1080`,
    'a path': 'socks5://me:hunter2@127.0.0.1:1080/path',
    'a query': 'http://127.0.0.1?x',
  })) {
    it(`refuses an address with ${name}, without repeating it`, () => {
      assert.throws(() => parseProxy(address), (error: Error) => {
        assert.ok(error instanceof ProxyError)
        assert.equal(error.code, 'proxy/malformed-address')
        assert.match(error.message, /应写作 socks5h:\/\/用户名:密码@主机:端口.*write socks5h:\/\/user:password@host:port/)
        assert.doesNotMatch(error.message, /hunter2|127\.0\.0\.1/)
        return true
      })
    })
  }
})

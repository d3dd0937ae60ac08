import assert from 'node:assert/strict'
import { promisify } from 'node:util'
import { SsrfGuard, isTrustedHost } from 'common/net'
import type { Resolve } from 'common/net'

const refused = { name: 'DownloadError', code: 'download/private-address' }

/** A name server that has these addresses for every name. */
function answering(...addresses: string[]): Resolve {
  return (_, __, done) => done(null, addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 })))
}

function lookUp(resolve: Resolve, { all = false, trusted = [] as string[] } = {}) {
  return new Promise((fulfil, reject) => {
    const lookup = new SsrfGuard(trusted, resolve).lookupFor(new URL('http://example.com:81/'))
    lookup('example.com', { all }, (error, address) => error ? reject(error) : fulfil(address))
  })
}

describe('SsrfGuard', () => {
  const guard = new SsrfGuard()

  it('refuses a URL that names a private address', () => {
    assert.throws(() => guard.check(new URL('http://127.0.0.1/')), refused)
    assert.throws(() => guard.check(new URL('http://[::1]/')), refused)
    guard.check(new URL('http://example.com/'))
    guard.check(new URL('http://1.1.1.1/'))
    guard.check(new URL('http://[2606:4700::1111]/'))
  })

  const spellings = [
    '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '0', '[::ffff:7f00:1]',
    '[0:0:0:0:0:0:0:1]', '１２７.0.0.1',
  ]
  for (const host of spellings) {
    it(`refuses a private address in the spelling ${host}`, () => {
      assert.throws(() => guard.check(new URL(`http://${host}/`)), refused)
    })
  }

  it('refuses names of this machine', async () => {
    for (const host of ['localhost', 'LOCALHOST', 'localhost.']) {
      const url = new URL(`http://${host}/`)
      guard.check(url)
      await assert.rejects(promisify(guard.lookupFor(url))(url.hostname, { all: true }), (error) => {
        return [refused.code, 'ENOTFOUND', 'EAI_AGAIN'].includes((error as NodeJS.ErrnoException).code!)
      })
    }
  })

  it('hands out the addresses that it has checked', async () => {
    assert.equal(await lookUp(answering('1.1.1.1', '1.0.0.1')), '1.1.1.1')
    assert.deepEqual(await lookUp(answering('1.1.1.1'), { all: true }), [{ address: '1.1.1.1', family: 4 }])
  })

  for (const addresses of [['10.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['2606:4700::1', '::ffff:8.8.8.8'], []]) {
    it(`refuses a name that means ${addresses.join(' and ') || 'nothing'}`, async () => {
      await assert.rejects(lookUp(answering(...addresses)), refused)
      await assert.rejects(lookUp(answering(...addresses), { all: true }), refused)
    })
  }

  it('hands on the error of the name server', async () => {
    await assert.rejects(lookUp((_, __, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])), /no/)
  })

  it('lets trusted hosts have private addresses, with their port or with any', async () => {
    for (const trusted of [['example.com'], ['example.com:81']]) {
      assert.equal(await lookUp(answering('10.0.0.1'), { trusted }), '10.0.0.1')
    }
    await assert.rejects(lookUp(answering('10.0.0.1'), { trusted: ['example.com:82', 'com'] }), refused)
    new SsrfGuard(['127.0.0.1:8080']).check(new URL('http://127.1:8080/'))
    assert.equal(isTrustedHost(new URL('https://[::1]:8443/'), ['[::1]:8443']), true)
  })
})

import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import type { lookup } from 'node:dns'
import { promisify } from 'node:util'
import { GuardError, checkHost, guardedLookup, isPublic } from '../../src/media/ssrf-guard'

describe('a link in a message', () => {
  const inside = [
    '127.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0',
    '198.18.0.1', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', 'ff02::1', '::ffff:127.0.0.1',
    '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '::127.0.0.1', '::ffff:0:127.0.0.1', '64:ff9b:1::1',
    '2001::1', 'fec0::1', 'febf::1', 'fe80::1%1', '192.0.0.8', '192.88.99.1', '203.0.113.9', '240.0.0.1', '3fff::1',
    'not an address', '', '127.0.0.1.', '0x7f.1',
  ]
  for (const address of inside) {
    it(`must not lead to ${address}`, () => {
      equal(isPublic(address), false)
    })
  }

  for (const address of ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2400:3200::1', '::ffff:1.1.1.1', '198.20.0.1']) {
    it(`may lead to ${address}`, () => {
      equal(isPublic(address), true)
    })
  }

  it('must not name a private address itself', () => {
    throws(() => checkHost('127.0.0.1'), GuardError)
    throws(() => checkHost('[::1]'), GuardError)
    checkHost('example.com')
  })

  const spellings = [
    '127.1', '2130706433', '0x7f000001', '017700000001', '0', '[::ffff:7f00:1]', '[0:0:0:0:0:0:0:1]', '１２７.0.0.1',
  ]
  for (const host of spellings) {
    it(`must not name a private address in the spelling ${host}`, () => {
      throws(() => checkHost(new URL(`http://${host}/`).hostname), GuardError)
    })
  }

  it('must not lead to a name of this machine', async () => {
    for (const host of ['localhost', 'LOCALHOST', 'localhost.']) {
      const { hostname } = new URL(`http://${host}/`)
      checkHost(hostname)
      await rejects(promisify(guardedLookup())(hostname, { all: true }), error => {
        return ['ERR_PRIVATE_ADDRESS', 'ENOTFOUND', 'EAI_AGAIN'].includes((error as NodeJS.ErrnoException).code!)
      })
    }
  })

  function resolve(addresses: string[], all = false) {
    const answer = addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
    const stub = (_host: string, _options: object, done: (error: null, list: object[]) => void) => done(null, answer)
    return new Promise((resolve, reject) => {
      const guarded = guardedLookup(stub as unknown as typeof lookup)
      guarded('example.com', { all }, (error, address) => error ? reject(error) : resolve(address))
    })
  }

  it('is connected to the address that was looked at', async () => {
    equal(await resolve(['1.1.1.1', '1.0.0.1']), '1.1.1.1')
    deepEqual(await resolve(['1.1.1.1'], true), [{ address: '1.1.1.1', family: 4 }])
  })

  for (const addresses of [['10.0.0.1'], ['1.1.1.1', '127.0.0.1'], []]) {
    it(`is refused where its name means ${addresses.join(' and ') || 'nothing'}`, async () => {
      await rejects(resolve(addresses), { code: 'ERR_PRIVATE_ADDRESS' })
    })
  }
})

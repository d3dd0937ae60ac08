import assert from 'node:assert/strict'
import { isPublic } from '../../src/media/ssrf-guard'

describe('an address', () => {
  it('of the open internet is public', () => {
    for (const address of ['1.1.1.1', '8.8.8.8', '142.250.72.14', '172.32.0.1', '2606:4700::1111', '2404:6800::1']) {
      assert.equal(isPublic(address), true, address)
    }
  })

  it('of a private network, of this machine or of nobody is not', () => {
    for (const address of [
      '127.0.0.1', '127.9.9.9', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '0.0.0.0',
      '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fc00::1', 'fd00::1', 'ff02::1',
    ]) assert.equal(isPublic(address), false, address)
  })

  it('that carries another one inside is not', () => {
    for (const address of ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1', '::7f00:1']) {
      assert.equal(isPublic(address), false, address)
    }
  })
})

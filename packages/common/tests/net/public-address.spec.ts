import assert from 'node:assert/strict'
import { isPublicAddress } from 'common/net'

const PUBLIC = [
  '1.1.1.1', '8.8.8.8', '142.250.72.14', '172.32.0.1', '100.128.0.1', '198.20.0.1', '2606:4700::1111', '2404:6800::1',
  '2400:3200::1',
]

const NOT_PUBLIC: Record<string, string[]> = {
  'this machine': ['127.0.0.1', '127.9.9.9', '::1', '::', '0.0.0.0'],
  'a private network': [
    '10.0.0.1', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fc00::1', 'fd00::1', 'fec0::1',
  ],
  'a link, such as cloud metadata': ['169.254.169.254', 'fe80::1', 'febf::1', 'fe80::1%1'],
  'special use': [
    '198.18.0.1', '192.0.0.8', '192.88.99.1', '203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255', 'ff02::1',
    '2001::1', '2001:db8::1', '3fff::1', '100::1', '100:0:0:1::', '5f00::1',
  ],
  'no assigned network': ['1::1', '200::1', '4000::1', '8000::1', '64:ff9b:1::1'],
  'another address inside': [
    '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '::ffff:1.1.1.1', '::ffff:0:127.0.0.1', '::127.0.0.1',
    '::7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', '2002:808:808::',
  ],
  'no address': ['not an address', '', '127.0.0.1.', '0x7f.1', '8.8.8.8:80', '[2606:4700::1111]'],
}

describe('isPublicAddress', () => {
  for (const address of PUBLIC) {
    it(`accepts ${address}`, () => assert.equal(isPublicAddress(address), true))
  }

  for (const [kind, addresses] of Object.entries(NOT_PUBLIC)) {
    for (const address of addresses) {
      it(`rejects ${JSON.stringify(address)}: ${kind}`, () => assert.equal(isPublicAddress(address), false))
    }
  }
})

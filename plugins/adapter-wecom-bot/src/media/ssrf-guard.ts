import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { BlockList, isIP } from 'node:net'

/**
 * Networks that a link in a message must not lead into: this machine, private and shared ones, link-local (cloud
 * metadata), documentation, benchmarks, multicast, and the IPv6 forms that carry an IPv4 address inside.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const forbidden = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
  ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15],
  ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) forbidden.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 96], ['::ffff:0:0:0', 96], ['64:ff9b::', 96], ['64:ff9b:1::', 48], ['100::', 64], ['2001::', 23],
  ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20], ['5f00::', 16], ['fc00::', 7], ['fe80::', 10], ['fec0::', 10],
  ['ff00::', 8],
] as const) forbidden.addSubnet(network, prefix, 'ipv6')

/** A link into a network that is not the public one. */
export class GuardError extends Error {
  override name = 'GuardError'
  readonly code = 'ERR_PRIVATE_ADDRESS'

  constructor() {
    super('the link leads to a private address')
  }
}

export function isPublic(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && !forbidden.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * A name lookup for `node:http` that fails where a name has a private address: what is checked is what is connected to,
 * so that a name which changes its mind gains nothing.
 * @param resolve `dns.lookup`, or a stand-in
 */
export function guardedLookup(resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '')
      if (!addresses.length || !addresses.every(({ address }) => isPublic(address))) return callback(new GuardError(), '')
      if (options.all) callback(null, addresses)
      else callback(null, addresses[0].address, addresses[0].family)
    })
  }
}

/** @throws {GuardError} where a link names a private address itself, for which no lookup takes place */
export function checkHost(hostname: string) {
  const address = hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) && !isPublic(address)) throw new GuardError()
}

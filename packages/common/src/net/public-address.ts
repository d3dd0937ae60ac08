import { BlockList, isIP } from 'node:net'

/**
 * Networks that are not the public internet: this machine, private and shared ones, link-local (cloud metadata),
 * documentation, benchmarks, multicast.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const reserved = createList('ipv4', [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24',
  '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24',
  '224.0.0.0/4', '240.0.0.0/4',
])

/** Of IPv6, everything outside this network is reserved or not assigned. */
const globalUnicast = createList('ipv6', ['2000::/3'])

/** @see https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies within 2000::/3 */
const reservedUnicast = createList('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])

function createList(family: 'ipv4' | 'ipv6', networks: string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address, prefix] = network.split('/')
    list.addSubnet(address, Number(prefix), family)
  }
  return list
}

/**
 * Whether an IP address belongs to the public internet. IPv6 addresses that carry an IPv4 address inside (mapped,
 * translated, tunnelled) do not, whichever that is.
 * @returns `false` also for what is no IP address
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4: return !reserved.check(address, 'ipv4')
    case 6: return globalUnicast.check(address, 'ipv6') && !reservedUnicast.check(address, 'ipv6')
    default: return false
  }
}

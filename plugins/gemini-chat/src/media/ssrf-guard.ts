import { BlockList, isIPv6 } from 'node:net'

const reserved = new BlockList()

// https://www.iana.org/assignments/iana-ipv4-special-registry
for (const range of [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24',
  '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24',
  '224.0.0.0/4', '240.0.0.0/4',
]) {
  const [net, prefix] = range.split('/')
  reserved.addSubnet(net, +prefix, 'ipv4')
}

// https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies within 2000::/3
for (const range of ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']) {
  const [net, prefix] = range.split('/')
  reserved.addSubnet(net, +prefix, 'ipv6')
}

const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')

/**
 * Whether an address is one of the open internet, and no part of the network this machine stands in. Addresses that
 * carry another one inside (mapped, translated, tunnelled) are not.
 */
export function isPublic(address: string): boolean {
  if (isIPv6(address)) return unicast.check(address, 'ipv6') && !reserved.check(address, 'ipv6')
  return !reserved.check(address, 'ipv4')
}

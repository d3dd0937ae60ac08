import { lookup } from 'node:dns'
import type { LookupAddress, LookupAllOptions } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { DownloadError } from './download-error'
import { isPublicAddress } from './public-address'

/** `dns.lookup` for all addresses of a name. */
export type Resolve = (hostname: string, options: LookupAllOptions, callback: (
  error: NodeJS.ErrnoException | null, addresses: LookupAddress[],
) => void) => void

/** @param trusted `host` or `host:port` */
export function isTrustedHost({ host, hostname }: URL, trusted: readonly string[]): boolean {
  return trusted.includes(host) || trusted.includes(hostname)
}

/**
 * Keeps requests for URLs of strangers out of private networks. Names are checked where the connection is made, so that
 * a name cannot mean one address when it is checked and another when it is used.
 * @see https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
 */
export class SsrfGuard {
  /**
   * @param trusted `host` or `host:port`, which may have private addresses
   * @param resolve `dns.lookup`, or a stand-in
   */
  constructor(private readonly trusted: readonly string[] = [], private readonly resolve: Resolve = lookup) {}

  /**
   * Checks a URL whose host is an address itself: for these, no lookup takes place.
   * @throws {DownloadError} `download/private-address`
   */
  check(url: URL) {
    const address = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(address) && !isPublicAddress(address) && !isTrustedHost(url, this.trusted)) throw refusal()
  }

  /**
   * The lookup to give to `node:http` for a URL. It fails if any address of the name is not public.
   */
  lookupFor(url: URL): LookupFunction {
    const isTrusted = isTrustedHost(url, this.trusted)
    return (hostname, options, callback) => {
      this.resolve(hostname, { ...options, all: true }, (error, addresses = []) => {
        if (error) return callback(error, [])
        const isAllowed = isTrusted || addresses.every(({ address }) => isPublicAddress(address))
        if (!addresses.length || !isAllowed) return callback(refusal(), [])
        if (options.all) callback(null, addresses)
        else callback(null, addresses[0].address, addresses[0].family)
      })
    }
  }
}

function refusal() {
  return new DownloadError('download/private-address', 'the host is in a private network')
}

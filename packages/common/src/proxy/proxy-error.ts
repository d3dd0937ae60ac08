import { CodedError } from '../errors'

export type ProxyErrorCode =
  /** The address in the settings is malformed. */
  | 'proxy/malformed-address'
  /** The proxy refuses the user name or password. */
  | 'proxy/credentials-refused'
  /** The proxy does not connect to the target; see `status`. */
  | 'proxy/connection-refused'
  /** Anything else that fails before the tunnel stands; see `cause`. */
  | 'proxy/unreachable'

/** No tunnel through the proxy; nothing was sent. The message omits the address, which may hold a password. */
export class ProxyError extends CodedError<ProxyErrorCode> {
  override readonly name = 'ProxyError'

  /** @param status of the proxy's HTTP response */
  constructor(code: ProxyErrorCode, message: string, options?: ErrorOptions, readonly status?: number) {
    super(code, message, options)
  }
}

export interface SocketErrorEvent {
  error?: unknown
  message?: string
}

/** The part of a WebSocket that a connection needs. */
export interface Socket {
  send(text: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'close', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'error', listener: (event: SocketErrorEvent) => void): void
}

/** What an error of the network is, without the address. */
export function describeSocketError({ error, message }: SocketErrorEvent): string {
  const { name, code, message: detail } = (error ?? {}) as NodeJS.ErrnoException
  if (name === 'ProxyError') return detail
  const status = /Unexpected server response: (\d+)/.exec(message ?? detail ?? '')?.[1]
  return status ? `WeCom answered with status ${status}` : code ?? 'the connection failed'
}

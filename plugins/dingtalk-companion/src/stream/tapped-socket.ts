/** What the stock adapter and the companion use of a WebSocket. */
export interface DialedSocket {
  readonly readyState: number
  send(text: string): void
  close(): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'open' | 'close', listener: () => void): void
}

/** @returns whether the text was dealt with, so that the adapter does not get it */
export type Receiver = (text: string) => boolean

/** A registered symbol: the companion that is loaded next finds sockets that the one before it has tapped. */
const RECEIVER = Symbol.for('dingtalk-companion.receiver')

type TappedSocket = DialedSocket & { [RECEIVER]?: Receiver | null }

/** Lets a receiver have the messages of a socket before the adapter. The adapter must not listen to it yet. */
export function tap(socket: DialedSocket) {
  const listen = socket.addEventListener.bind(socket) as (type: string, listener: (event: never) => void) => void
  const tapped: TappedSocket = socket
  tapped[RECEIVER] = null
  Object.defineProperty(socket, 'addEventListener', {
    value(type: string, listener: (event: { data: unknown }) => void) {
      if (type !== 'message') return listen(type, listener)
      listen(type, (event: { data: unknown }) => {
        if (!tapped[RECEIVER]?.(String(event.data))) listener(event)
      })
    },
  })
}

export function isTapped(socket: DialedSocket): boolean {
  return RECEIVER in socket
}

/** @param receiver `null` leaves everything to the adapter */
export function setReceiver(socket: DialedSocket, receiver: Receiver | null) {
  const tapped: TappedSocket = socket
  tapped[RECEIVER] = receiver
}

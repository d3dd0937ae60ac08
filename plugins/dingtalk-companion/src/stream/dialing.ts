import { withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import type { StockBot } from '../api/stock-bot'

/** For the token, the ticket and the address of the gateway. */
const PREPARE_TIMEOUT_MS = 30_000
/** From the dial until the WebSocket is open. */
const HANDSHAKE_TIMEOUT_MS = 15_000

interface DialedSocket {
  readonly readyState: number
  addEventListener(type: 'open' | 'close', listener: () => void): void
  close(): void
}

interface StreamAdapter {
  prepare(): Promise<DialedSocket>
}

export interface DialingOptions {
  clock: Clock
  warn(text: string): void
}

/**
 * Ends attempts to connect that get no answer. The stock adapter waits for them without a limit, so that a gateway that
 * accepts a connection and says nothing leaves the bot deaf. Closing the socket starts the adapter's own next attempt.
 * @returns restores the adapter
 */
export function limitDialing(bot: StockBot, { clock, warn }: DialingOptions): () => void {
  const adapter = bot.adapter as unknown as StreamAdapter | undefined
  if (typeof adapter?.prepare !== 'function') return () => {}
  const prepare = adapter.prepare.bind(adapter)

  async function dial(): Promise<DialedSocket> {
    let isLate = false
    const dialing = prepare()
    // Its socket would be a second connection.
    dialing.then(late => isLate && late.close(), () => {})
    const socket = await withTimeout(dialing, PREPARE_TIMEOUT_MS, clock, () => {
      isLate = true
      throw new Error(`DingTalk's gateway did not answer within ${PREPARE_TIMEOUT_MS / 1000} s`)
    })
    const timer = clock.setTimeout(() => {
      if (socket.readyState !== 0) return
      warn(`DingTalk: the Stream connection was not accepted within ${HANDSHAKE_TIMEOUT_MS / 1000} s; connecting anew`)
      socket.close()
    }, HANDSHAKE_TIMEOUT_MS)
    socket.addEventListener('open', () => clock.clearTimeout(timer))
    socket.addEventListener('close', () => clock.clearTimeout(timer))
    return socket
  }

  Object.defineProperty(adapter, 'prepare', { configurable: true, value: dial })
  return () => void Reflect.deleteProperty(adapter, 'prepare')
}

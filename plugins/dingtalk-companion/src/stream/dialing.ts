import { withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import type { StockBot } from '../api/stock-bot'
import { CARD_TOPIC, MESSAGE_TOPIC } from './frames'
import { tap } from './tapped-socket'
import type { DialedSocket } from './tapped-socket'

/** For the token, the ticket and the address of the gateway. */
const PREPARE_TIMEOUT_MS = 30_000
/** From the dial until the WebSocket is open. */
const HANDSHAKE_TIMEOUT_MS = 15_000

interface StreamAdapter {
  prepare(): Promise<DialedSocket>
}

interface Gateway {
  endpoint: string
  ticket: string
}

export interface DialingOptions {
  clock: Clock
  /** Called before calls that are billed. */
  spend(calls: number): void
  warn(text: string): void
}

/**
 * Dials in place of the stock adapter, which subscribes to messages only, reads the robot's name before each connection
 * although that is billed, and waits without a limit, so that a gateway that accepts a connection and says nothing
 * leaves the bot deaf. Closing the socket starts the adapter's own next attempt.
 * @see https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
 * @returns restores the adapter
 */
export function takeOverDialing(bot: StockBot, { clock, spend, warn }: DialingOptions): () => void {
  const adapter = bot.adapter as unknown as StreamAdapter | undefined
  if (typeof adapter?.prepare !== 'function') return () => {}
  let isNameKnown = false

  async function prepare(): Promise<DialedSocket> {
    const { appkey: clientId, agentId, secret: clientSecret } = bot.config
    await bot.refreshToken()
    if (agentId && !isNameKnown) {
      isNameKnown = true
      spend(1)
      // The connection does not depend on the name.
      bot.getLogin().catch(() => {})
    }
    const subscriptions = [MESSAGE_TOPIC, CARD_TOPIC].map(topic => ({ type: 'CALLBACK', topic }))
    const body = { clientId, clientSecret, subscriptions }
    const options = { timeout: PREPARE_TIMEOUT_MS }
    const { endpoint, ticket } = await bot.http.post('/gateway/connections/open', body, options) as Gateway
    const socket = bot.http.ws(`${endpoint}?ticket=${encodeURIComponent(ticket)}`) as DialedSocket
    tap(socket)
    return socket
  }

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

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/**
 * A socket with simulated latency: bytes take half a round trip in either direction, and the first ones also wait for
 * the round trip of the TCP handshake.
 */
class DelayedSocket extends Duplex {
  private incoming: (Buffer | null)[] = []
  private deliverAt: number
  private timers = new Set<NodeJS.Timeout>()

  constructor(private socket: Socket, private delay: number) {
    super()
    this.deliverAt = performance.now() + delay * 1.5
    socket.on('data', bytes => this.receive(bytes))
    socket.on('end', () => this.receive(null))
    socket.on('error', error => this.destroy(error))
    socket.on('close', () => this.schedule(this.delay / 2, () => this.destroy()))
  }

  private receive(bytes: Buffer | null) {
    this.deliverAt = Math.max(this.deliverAt, performance.now() + this.delay / 2)
    this.incoming.push(bytes)
    this.schedule(this.deliverAt - performance.now(), () => this.push(this.incoming.shift()))
  }

  private schedule(ms: number, callback: () => void) {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      callback()
    }, ms)
    this.timers.add(timer)
  }

  override _read() {}

  override _write(bytes: Buffer, _encoding: string, callback: () => void) {
    this.schedule(this.delay / 2, () => this.socket.write(bytes))
    callback()
  }

  override _final(callback: () => void) {
    this.schedule(this.delay / 2, () => this.socket.end())
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void) {
    for (const timer of this.timers) clearTimeout(timer)
    this.socket.destroy()
    callback(error)
  }
}

/** @param delay milliseconds per round trip; with 0 the socket itself is returned */
export function withLatency(socket: Socket, delay: number): Duplex {
  return delay ? new DelayedSocket(socket, delay) : socket
}

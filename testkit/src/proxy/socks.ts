import { createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Proxy, ProxyOptions, Tunnels } from './tunnel'
import { startProxy, splice } from './tunnel'

/** Reads exactly `size` bytes. @throws if the client disconnects before that */
async function readBytes(stream: Duplex, size: number): Promise<Buffer> {
  for (;;) {
    const bytes: Buffer | null = stream.read(size)
    if (bytes?.length === size) return bytes
    if (bytes || stream.destroyed) throw new Error('the client disconnected')
    await new Promise<void>((resolve) => {
      const done = () => {
        stream.off('readable', done).off('close', done)
        resolve()
      }
      stream.on('readable', done).on('close', done)
    })
  }
}

async function readAddress(client: Duplex, type: number) {
  if (type === 1) return (await readBytes(client, 4)).join('.')
  if (type === 3) return (await readBytes(client, (await readBytes(client, 1))[0])).toString()
  if (type !== 4) return
  const bytes = await readBytes(client, 16)
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':')
}

async function authenticate(client: Duplex, { username, password = '' }: ProxyOptions) {
  const [, count] = await readBytes(client, 2)
  const methods = await readBytes(client, count)
  const method = username === undefined ? 0 : 2
  const offered = methods.includes(method)
  client.write(Buffer.from([5, offered ? method : 0xff]))
  if (!offered || !method) return offered
  const [, length] = await readBytes(client, 2)
  const user = (await readBytes(client, length)).toString()
  const secret = (await readBytes(client, (await readBytes(client, 1))[0])).toString()
  const valid = user === username && secret === password
  client.write(Buffer.from([1, valid ? 0 : 1]))
  return valid
}

const REPLY_CODES: Record<string, number> = { ENETUNREACH: 3, ENOTFOUND: 4, EHOSTUNREACH: 4, ECONNREFUSED: 5 }

async function serve(client: Duplex, options: ProxyOptions, tunnels: Tunnels) {
  const reply = (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
  if (!await authenticate(client, options)) {
    tunnels.deny()
    return client.end()
  }
  const [, command, , type] = await readBytes(client, 4)
  const host = await readAddress(client, type)
  if (!host) return client.end(reply(8))
  const port = (await readBytes(client, 2)).readUInt16BE()
  if (command !== 1) return client.end(reply(7))
  try {
    const upstream = await tunnels.open(host, port)
    client.write(reply(0))
    splice(client, upstream)
  } catch (error) {
    client.end(reply(REPLY_CODES[(error as NodeJS.ErrnoException).code!] ?? 1))
  }
}

/**
 * A SOCKS5 proxy with user name and password that resolves host names itself.
 * @see https://www.rfc-editor.org/rfc/rfc1928
 * @see https://www.rfc-editor.org/rfc/rfc1929
 */
export function createSocks(options: ProxyOptions = {}): Promise<Proxy> {
  return startProxy('socks5h', createServer({ allowHalfOpen: true }), 'connection', options, (client, tunnels) => {
    serve(client, options, tunnels).catch(() => client.destroy())
  })
}

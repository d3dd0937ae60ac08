import { generateKeyPairSync, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'

/** A self-signed certificate. Pass `key` and `cert` to the server, and `cert` as `ca` to clients. */
export interface Certificate {
  key: string
  cert: string
}

// The subset of DER (ITU-T X.690) that an X.509 certificate needs: Node can parse certificates but not create them.
function der(tag: number, ...content: Uint8Array[]) {
  const body = Buffer.concat(content)
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length = Buffer.from(body.length.toString(16).padStart(body.length < 256 ? 2 : 4, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body])
}

const sequence = (...content: Uint8Array[]) => der(0x30, ...content)
const octets = (content: Uint8Array) => der(0x04, content)
const bits = (content: Uint8Array) => der(0x03, Buffer.from([0]), content)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const booleanTrue = der(0x01, Buffer.from([0xff]))

function time(date: Date) {
  return der(0x17, Buffer.from(date.toISOString().replace(/\.\d+|[-:T]/g, '').slice(2)))
}

function name(host: string) {
  return isIPv4(host) ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host))
}

/**
 * Creates a certificate for these hosts, valid from one day before `now` until one day after.
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function createCertificate(hosts: string[], now = Date.now()): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oid('2a8648ce3d040302'))
  const subject = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(hosts[0])))))
  const extensions = sequence(
    sequence(oid('551d11'), octets(sequence(...hosts.map(name)))),
    sequence(oid('551d13'), booleanTrue, octets(sequence(booleanTrue))),
  )
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    subject,
    sequence(time(new Date(now - 86400000)), time(new Date(now + 86400000))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const cert = sequence(body, algorithm, bits(sign('sha256', body, privateKey)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${cert.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
}

import { ProxyError } from './proxy-error'

const SCHEMES = ['socks5h', 'socks5', 'socks', 'socks4a', 'socks4', 'http', 'https']

/** SOCKS5 counts user name and password in one byte each. */
const MAX_CREDENTIAL_BYTES = 255

/**
 * Reads the address of a proxy. Names are always resolved at the proxy: `socks5` and `socks` are taken for `socks5h`,
 * `socks4` for `socks4a`.
 * @throws {ProxyError} `proxy/malformed-address`; the message says what to write, in Chinese and English, and repeats
 * nothing of the address
 * @see https://www.rfc-editor.org/rfc/rfc1929
 */
export function parseProxy(address: string): URL {
  const scheme = /^([a-z0-9]+):\/\//i.exec(address.trim())?.[1].toLowerCase()
  if (!scheme) throw malformed('缺少协议', 'has no scheme')
  if (!SCHEMES.includes(scheme)) throw malformed('的协议不受支持', 'has an unsupported scheme')
  const remote = scheme.replace(/^socks5?$/, 'socks5h').replace(/^socks4$/, 'socks4a')
  const source = address.trim().replace(/^[^:]+/, remote)
  if (!URL.canParse(source)) throw malformed('无法解析', 'cannot be parsed')
  const url = new URL(source)
  if (!url.hostname) throw malformed('缺少主机', 'has no host')
  if (!/^\/?$/.test(url.pathname) || url.search || url.hash) {
    throw malformed('在端口之后还有内容', 'has something after its port')
  }
  if ([url.username, url.password].some(part => credentialBytes(part) > MAX_CREDENTIAL_BYTES)) {
    throw malformed('中的用户名或密码编码有误或过长', 'has a user name or password that is badly encoded or too long')
  }
  return url
}

function malformed(zh: string, en: string) {
  return new ProxyError('proxy/malformed-address', [
    `代理地址${zh}：应写作 socks5h://用户名:密码@主机:端口，也可用 http:// 或 https://，用户名和密码中的特殊字符须作百分号编码。`,
    `The proxy address ${en}: write socks5h://user:password@host:port, or http:// or https://,`,
    'with special characters in user name and password percent-encoded.',
  ].join(' '))
}

/** @returns Infinity where a `%` is not followed by two hexadecimal digits of UTF-8 */
function credentialBytes(text: string): number {
  try {
    return Buffer.byteLength(decodeURIComponent(text))
  } catch {
    return Infinity
  }
}

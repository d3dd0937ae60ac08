import { WORD, classBefore } from '../characters'
import { endOfUrl } from './links'

/** A web or mail address in a text. */
export interface Address {
  start: number
  end: number
  text: string
  href: string
}

const autolink = /<(?:([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)|([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}))>/iy
const domain = /[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){1,8}(?<![-_])/iy

/** The address between angle brackets that begin at an offset. */
export function readAutolink(text: string, start: number): Address | undefined {
  autolink.lastIndex = start
  const [whole, address, mail] = autolink.exec(text) ?? []
  if (whole) return { start, end: start + whole.length, text: address ?? mail, href: address ?? `mailto:${mail}` }
}

/**
 * The bare address around a colon.
 * @param from offset of the first character that it may have
 */
export function readUrl(text: string, colon: number, from: number): Address | undefined {
  if (!text.startsWith('://', colon)) return
  const scheme = /(?:^|[^a-z\d])(https?)$/i.exec(text.slice(Math.max(from, colon - 6), colon))?.[1]
  if (scheme) return bareAddress(text, colon - scheme.length, '')
}

/** The bare address without a scheme around the first dot of `www.`. */
export function readWww(text: string, dot: number, from: number): Address | undefined {
  const start = dot - 3
  const isHost = start >= from && /^www$/i.test(text.slice(start, dot)) && !(classBefore(text, start) & WORD)
  if (isHost && text[start - 1] !== '/') return bareAddress(text, start, 'http://')
}

function bareAddress(text: string, start: number, scheme: string): Address | undefined {
  const end = endOfUrl(text, start)
  const address = text.slice(start, end)
  if (address) return { start, end, text: address, href: scheme + address }
}

/** The bare mail address around an `@`. */
export function readMail(text: string, at: number, from: number): Address | undefined {
  const [name] = /[\w.+-]+$/.exec(text.slice(Math.max(from, at - 64), at)) ?? []
  if (!name) return
  domain.lastIndex = at + 1
  const [host] = domain.exec(text) ?? []
  if (!host) return
  const address = `${name}@${host}`
  return { start: at - name.length, end: at + 1 + host.length, text: address, href: `mailto:${address}` }
}

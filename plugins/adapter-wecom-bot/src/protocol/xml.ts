import { XMLParser } from 'fast-xml-parser'
import type { Credential } from './crypto'
import { protect } from './crypto'
import type { Reason } from './callback-error'
import { Refusal } from './callback-error'
import type { Tree } from './tree'

/** Largest document, in characters; a callback has a few hundred. */
const SIZE = 128 << 10
const DEPTH = 16
/** Most tags: what the parser takes longest for. */
const TAGS = 1000

/** No entities, no document types: what is not one of these is refused before the parser sees it. */
const token = /<!\[CDATA\[[^]*?\]\]>|<\?xml[^<>]*\?>|(<\/?[A-Za-z_][^<>]*>)|[^<]+/y

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  cdataPropName: '#cdata',
  maxNestedTags: DEPTH,
})

/** As the parser gives it: one name with the children of the element, or with text. */
type Node = Record<string, Node[] | string>

export function isXml(text: string): boolean {
  return /^\ufeff?\s*</.test(text)
}

/**
 * Reads what is in `<xml>`.
 * @param reason why it is refused where it is not XML, too large, too deep, or has a document type
 * @throws {Refusal}
 */
export function parseXml(source: string, reason: Reason): Tree {
  if (source.length > SIZE) throw new Refusal(reason, 'XML too large')
  const text = source.replace(/^\ufeff/, '').trim()
  check(text, reason)
  let nodes: Node[]
  try {
    nodes = parser.parse(text)
  } catch {
    throw new Refusal(reason, 'not XML')
  }
  const [root, ...more] = nodes
  if (!root || more.length || !Array.isArray(root.xml)) throw new Refusal(reason, 'not one <xml>')
  const tree = read(root.xml)
  if (typeof tree === 'string') throw new Refusal(reason, 'nothing in <xml>')
  return tree
}

function check(text: string, reason: Reason) {
  let tags = 0
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const match = token.exec(text)
    if (!match) throw new Refusal(reason, 'XML with something else than elements and CDATA')
    if (match[1] && ++tags > TAGS) throw new Refusal(reason, 'XML with too many elements')
  }
}

/** Names in lower case and without underscores, so that XML and JSON callbacks look the same. */
function read(nodes: Node[]): Tree | string {
  const tree: Tree = {}
  let isTree = false
  for (const node of nodes) {
    for (const [name, value] of Object.entries(node)) {
      if (typeof value === 'string' || name === '#cdata') continue
      isTree = true
      const key = name.replace(/_/g, '').toLowerCase()
      const before = tree[key]
      const child = read(value)
      if (before === undefined) tree[key] = child
      else if (Array.isArray(before)) before.push(child)
      else tree[key] = [before, child]
    }
  }
  return isTree ? tree : readText(nodes)
}

function readText(nodes: Node[]): string {
  const marked = nodes.some(node => node['#cdata'])
  const text = nodes.map((node) => {
    const [cdata] = (node['#cdata'] ?? []) as Node[]
    if (cdata) return String(cdata['#text'] ?? '')
    const text = decode(String(node['#text'] ?? ''))
    return marked ? text.trim() : text
  }).join('')
  return marked ? text : text.trim()
}

const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' }

/** The five entities of XML itself, and characters by number. */
function decode(text: string): string {
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (whole, name, decimal, hex) => {
    if (name) return named[name.toLowerCase()]
    const code = decimal ? Number(decimal) : parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

/** Characters that XML 1.0 has no way to write. https://www.w3.org/TR/xml/#charsets */
const unwritable = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/**
 * Writes an object as XML: texts as CDATA, numbers as they are, lists as elements that repeat.
 * What is `undefined` is left out.
 */
export function buildXml(value: object): string {
  return `<xml>${fields(value)}</xml>`
}

function fields(value: object): string {
  return Object.entries(value).map(([name, child]) => [child].flat().map(item => element(name, item)).join('')).join('')
}

function element(name: string, value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return `<${name}>${value}</${name}>`
  if (typeof value === 'object' && value !== null) return `<${name}>${fields(value)}</${name}>`
  return `<${name}><![CDATA[${String(value).replace(unwritable, '').replace(/]]>/g, ']]]]><![CDATA[>')}]]></${name}>`
}

/**
 * Takes the ciphertext out of a callback's body.
 * @throws {Refusal} `malformed`
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function openXml(body: string): string {
  const { encrypt } = parseXml(body, 'malformed')
  if (typeof encrypt !== 'string' || !encrypt) throw new Refusal('malformed', 'body has no <Encrypt>')
  return encrypt
}

/**
 * Encrypts and signs a reply.
 * @param seconds current time in seconds
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function sealXml(
  credential: Credential,
  reply: string,
  nonce: string,
  seconds: number,
  random?: Buffer<ArrayBuffer>,
): string {
  const { ciphertext, signature } = protect(credential, reply, nonce, seconds, random)
  return buildXml({ Encrypt: ciphertext, MsgSignature: signature, TimeStamp: seconds, Nonce: nonce })
}

import { XMLParser } from 'fast-xml-parser'
import type { CallbackErrorReason } from './callback-error'
import { CallbackError } from './callback-error'

/** An XML element or a JSON object, with names in lower case and without underscores, so that both read alike. */
export interface Tree {
  [name: string]: TreeValue
}

export type TreeValue = string | Tree | (string | Tree)[]

/** Largest document, in UTF-16 units. A callback has a few hundred. */
const MAX_DOCUMENT_LENGTH = 128 * 1024
const MAX_DEPTH = 16
/** Most tags in a document: parsing time grows with them. */
const MAX_TAGS = 1000

/** Elements, text and CDATA. Anything else, such as an entity or a document type, is refused before parsing. */
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
  maxNestedTags: MAX_DEPTH,
})

/** The parser's output: an element's name with its children, or `#text` with the text. */
type Node = Record<string, Node[] | string>

export function isXml(text: string): boolean {
  return /^\ufeff?\s*</.test(text)
}

/**
 * Reads the content of the root element `<xml>`.
 * @param reason of the error that is thrown
 * @throws {CallbackError} where the source is not XML, is too large or too deep, or has a document type
 */
export function parseXml(source: string, reason: CallbackErrorReason): Tree {
  if (source.length > MAX_DOCUMENT_LENGTH) throw new CallbackError(reason, 'XML too large')
  const text = source.replace(/^\ufeff/, '').trim()
  checkTokens(text, reason)
  let nodes: Node[]
  try {
    nodes = parser.parse(text)
  } catch {
    throw new CallbackError(reason, 'not XML')
  }
  const [root, ...more] = nodes
  if (!root || more.length || !Array.isArray(root.xml)) throw new CallbackError(reason, 'not one <xml>')
  const tree = read(root.xml)
  if (typeof tree === 'string') throw new CallbackError(reason, 'nothing in <xml>')
  return tree
}

function checkTokens(text: string, reason: CallbackErrorReason) {
  let tags = 0
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const match = token.exec(text)
    if (!match) throw new CallbackError(reason, 'XML with something else than elements and CDATA')
    if (match[1] && ++tags > MAX_TAGS) throw new CallbackError(reason, 'XML with too many elements')
  }
}

function read(nodes: Node[]): Tree | string {
  const tree: Tree = {}
  let isTree = false
  for (const node of nodes) {
    for (const [name, value] of Object.entries(node)) {
      if (typeof value === 'string' || name === '#cdata') continue
      isTree = true
      const key = treeKey(name)
      const before = tree[key]
      const child = read(value)
      if (before === undefined) tree[key] = child
      else if (Array.isArray(before)) before.push(child)
      else tree[key] = [before, child]
    }
  }
  return isTree ? tree : readText(nodes)
}

function treeKey(name: string): string {
  return name.replace(/_/g, '').toLowerCase()
}

function readText(nodes: Node[]): string {
  const hasCdata = nodes.some(node => node['#cdata'])
  const text = nodes.map((node) => {
    const [cdata] = (node['#cdata'] ?? []) as Node[]
    if (cdata) return String(cdata['#text'] ?? '')
    const text = decodeEntities(String(node['#text'] ?? ''))
    return hasCdata ? text.trim() : text
  }).join('')
  return hasCdata ? text : text.trim()
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' }

/** Decodes the five entities of XML itself, and characters given by number. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (whole, name, decimal, hex) => {
    if (name) return entities[name.toLowerCase()]
    const code = decimal ? Number(decimal) : parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

/** Characters that XML 1.0 cannot contain. https://www.w3.org/TR/xml/#charsets */
const invalidCharacters = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** Writes an object as XML: text as CDATA, arrays as repeated elements. Fields that are `undefined` are omitted. */
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
  const text = String(value).replace(invalidCharacters, '').replace(/]]>/g, ']]]]><![CDATA[>')
  return `<${name}><![CDATA[${text}]]></${name}>`
}

/** A JSON object in the form that XML is read into. Numbers become text, objects below `MAX_DEPTH` are dropped. */
export function toTree(object: object, depth = 0): Tree {
  const tree: Tree = {}
  for (const [name, value] of Object.entries(object)) {
    const item = Array.isArray(value)
      ? value.map(item => toItem(item, depth)).filter(item => item !== undefined)
      : toItem(value, depth)
    if (item !== undefined) tree[treeKey(name)] = item
  }
  return tree
}

function toItem(value: unknown, depth: number): string | Tree | undefined {
  if (typeof value === 'object') return value && !Array.isArray(value) && depth < MAX_DEPTH ? toTree(value, depth + 1) : undefined
  return value === undefined ? undefined : String(value)
}

/** The non-empty text of a child; otherwise `undefined`. */
export function textOf(tree: Tree | undefined, name: string): string | undefined {
  const value = tree?.[name]
  return typeof value === 'string' && value ? value : undefined
}

export function treeOf(tree: Tree | undefined, name: string): Tree | undefined {
  return listOf(tree, name).find(item => typeof item === 'object')
}

/** All children of a name. A single one makes a list, too. */
export function listOf(tree: Tree | undefined, name: string): (string | Tree)[] {
  const value = tree?.[name]
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

export function treesOf(tree: Tree | undefined, name: string): Tree[] {
  return listOf(tree, name).filter((item): item is Tree => typeof item === 'object')
}

export function numberOf(tree: Tree | undefined, name: string): number | undefined {
  const text = textOf(tree, name)?.trim()
  const number = Number(text)
  return text && Number.isFinite(number) ? number : undefined
}

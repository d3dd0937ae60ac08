import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import ts from 'typescript'

/** A new case of a union, and the places that must handle it before the sources compile again. */
interface NewCase {
  file: string
  /** Text of the file that is replaced. */
  before: string
  after: string
  /** As `file declaration`. */
  places: string[]
}

const cardUnion = 'export type TemplateCard = '
const payloadUnion = 'export type Payload = '
const bodyUnion = 'export type MessageBody ='
const partUnion = 'export type MessagePart ='
const failureUnion = 'export type ApiFailure ='

const newCases: Record<string, NewCase> = {
  'card type': {
    file: 'protocol/template-card.ts',
    before: cardUnion,
    after: `interface Survey extends CardBase { card_type: 'survey' }\n${cardUnion}Survey | `,
    places: [
      'cards/card-schema.ts shapes',
      'cards/card-schema.ts checkAlternatives',
      'cards/card-schema.ts acceptedByWebhooks',
      'cards/card-text.ts cardText',
      'cards/card-update.ts answeredPerPerson',
      'cards/card-update.ts updateCard',
      'cards/card-update.ts closedButtonLabel',
    ],
  },
  payload: {
    file: 'protocol/payload.ts',
    before: payloadUnion,
    after: `interface Notice extends CallbackBase { kind: 'notice' }\n${payloadUnion}Notice | `,
    places: [
      'inbound/aibot-handler.ts accept',
      'inbound/passive-handler.ts accept',
      'long-connection/receiver.ts commandFor',
    ],
  },
  'message body': {
    file: 'protocol/payload.ts',
    before: bodyUnion,
    after: `${bodyUnion}\n  | { type: 'sticker', id: string }`,
    places: ['inbound/decode.ts decodeBody'],
  },
  event: {
    file: 'protocol/payload.ts',
    before: '  | { type: \'enter-chat\' }\n',
    after: '  | { type: \'enter-chat\' }\n  | { type: \'leave-chat\' }\n',
    places: ['inbound/aibot-handler.ts event', 'inbound/passive-handler.ts event'],
  },
  'message part': {
    file: 'push/parts.ts',
    before: partUnion,
    after: `${partUnion}\n  | { type: 'sticker', id: string }`,
    places: [
      'push/message-bodies.ts toWebhookBodies',
      'push/message-bodies.ts toAppBodies',
      'long-connection/message-bodies.ts toSocketMessages',
    ],
  },
  'API failure': {
    file: 'util/errors.ts',
    before: failureUnion,
    after: `${failureUnion}\n  | 'throttled'`,
    places: ['api/client.ts WecomApiError', 'api/delivery-error.ts DeliveryError', 'api/delivery-error.ts outcomes'],
  },
  'refused callback': {
    file: 'protocol/callback-error.ts',
    before: '  method: 405,\n',
    after: '  method: 405,\n  teapot: 418,\n',
    places: ['protocol/callback-error.ts CallbackError', 'callback/callback-log.ts hints'],
  },
}

/** Compiles the sources with all new cases, and names the declarations that do not compile. */
function failingPlaces(): string[] {
  const root = resolve(__dirname, '../../../..')
  const source = resolve(__dirname, '../../src')
  const changed = new Map<string, string>()
  for (const { file, before, after } of Object.values(newCases)) {
    const path = join(source, file)
    const text = changed.get(path) ?? readFileSync(path, 'utf8')
    assert.ok(text.includes(before), `${file} no longer contains: ${before}`)
    changed.set(path, text.replace(before, after))
  }
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = fileNames.filter(file => file.startsWith(source + '/'))
  const host = ts.createCompilerHost(options)
  const { readFile } = host
  host.readFile = name => changed.get(name) ?? readFile.call(host, name)
  const program = ts.createProgram(files, options, host)
  const errors = files.flatMap(name => program.getSemanticDiagnostics(program.getSourceFile(name)))
  return errors.map(({ file, start }) => `${relative(source, file!.fileName)} ${declarationAt(file!, start!)}`)
}

/** The innermost named declaration around a position, apart from local variables. */
function declarationAt(file: ts.SourceFile, position: number): string {
  let name = ''
  const visit = (node: ts.Node, isLocal: boolean) => {
    if (position < node.getStart(file) || position >= node.end) return
    const isNamed = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isClassDeclaration(node)
      || (ts.isVariableDeclaration(node) && !isLocal)
    if (isNamed) name = node.name!.getText(file)
    ts.forEachChild(node, child => visit(child, isLocal || ts.isFunctionLike(node)))
  }
  visit(file, false)
  return name
}

describe('a new case does not compile until every place handles it', () => {
  let failing: Set<string>

  before(function() {
    this.timeout(120_000)
    failing = new Set(failingPlaces())
  })

  for (const [name, { places }] of Object.entries(newCases)) {
    it(name, () => assert.deepEqual(places.filter(place => !failing.has(place)), []))
  }

  it('and nothing else fails', () => {
    const expected = Object.values(newCases).flatMap(({ places }) => places)
    assert.deepEqual([...failing].filter(place => !expected.includes(place)), [])
  })
})

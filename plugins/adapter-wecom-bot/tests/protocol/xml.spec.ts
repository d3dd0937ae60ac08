import assert from 'node:assert/strict'
import { cpuTimeMs } from 'common/testing'
import type { Credential } from '../../src/protocol/crypto'
import { decodeKey, decrypt, encrypt, verify } from '../../src/protocol/crypto'
import { buildXml, isXml, parseXml, toTree } from '../../src/protocol/xml'
import { openXml, sealXml } from '../../src/protocol/envelope'
import vectors from '../../../../testkit/fixtures/wecom-vectors.json'

const inXml = [...vectors.decrypt, ...vectors.encrypt_deterministic].filter(({ envelope }) => envelope === 'xml')

function credential(vector: { token: string, encodingAESKey: string, receiveid: string }): Credential {
  return { token: vector.token, key: decodeKey(vector.encodingAESKey), receiveId: vector.receiveid }
}

/** The fields of an envelope, read without an XML parser. */
function field(xml: string, name: string) {
  return new RegExp(`<${name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</${name}>`).exec(xml)![1]
}

describe('XML envelope', () => {
  for (const vector of inXml) {
    const { name, encrypt: ciphertext } = vector
    const bodies = [
      `<xml><ToUserName><![CDATA[wx]]></ToUserName><Encrypt><![CDATA[${ciphertext}]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>`,
      `<xml><Encrypt>${ciphertext}</Encrypt><ToUserName>wx</ToUserName></xml>`,
      `\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<xml>\n  <Encrypt>\n<![CDATA[${ciphertext}]]>\n</Encrypt>\n</xml>\n`,
    ]
    if ('http_body' in vector && vector.http_body) bodies.push(vector.http_body)
    it(`opens ${name}`, () => {
      for (const body of bodies) {
        assert.ok(isXml(body))
        assert.equal(openXml(body), ciphertext)
        assert.equal(decrypt(credential(vector), openXml(body)), vector.plaintext)
      }
    })

    it(`seals ${name} so that it can be opened again`, () => {
      const own = credential(vector)
      const body = sealXml(own, encrypt(own, vector.plaintext), 'n0', 1700000005)
      assert.deepEqual([...body.matchAll(/<(\w+)>/g)].map(([, tag]) => tag), ['xml', 'Encrypt', 'MsgSignature', 'TimeStamp', 'Nonce'])
      assert.equal(field(body, 'TimeStamp'), '1700000005')
      assert.equal(field(body, 'Nonce'), 'n0')
      assert.ok(verify(own.token, '1700000005', 'n0', field(body, 'Encrypt'), field(body, 'MsgSignature')))
      assert.equal(decrypt(own, openXml(body)), vector.plaintext)
    })
  }

  for (const vector of vectors.encrypt_deterministic.filter(({ envelope }) => envelope === 'xml')) {
    it(`seals ${vector.name} exactly`, () => {
      const body = sealXml(credential(vector), vector.encrypt, vector.nonce, Number(vector.timestamp))
      assert.equal(field(body, 'Encrypt'), vector.encrypt)
      assert.equal(field(body, 'MsgSignature'), vector.msg_signature)
    })
  }

  it('rejects an envelope for another receiver', () => {
    const own = credential(inXml[0])
    const ciphertext = encrypt({ ...own, receiveId: 'wxOTHER' }, '<xml/>')
    assert.throws(() => decrypt(own, openXml(sealXml(own, ciphertext, 'n', 1))), { reason: 'receive-id' })
  })

  it('is recognized by its first character', () => {
    for (const text of ['<xml>', ' \r\n<xml>', '\ufeff<xml>']) assert.ok(isXml(text))
    for (const text of ['{"a":"<xml>"}', '', 'xml', '[<']) assert.equal(isXml(text), false)
  })
})

describe('XML', () => {
  const read = (inner: string) => parseXml(`<xml>${inner}</xml>`, 'payload')

  it('reads element names without case and underscores, and repeated elements as lists', () => {
    assert.deepEqual(read('<Location_X>1</Location_X><Item><A>1</A></Item><Item><A>2</A></Item><Item>3</Item><Empty/>'), {
      locationx: '1', item: [{ a: '1' }, { a: '2' }, '3'], empty: '',
    })
  })

  it('decodes CDATA and the five entities of XML, no others', () => {
    const tree = read('<A>a &lt;&amp;&gt;&quot;&apos; &#20320;&#x597d; &nbsp; &#x110000;</A><B><![CDATA[ &lt;b> ]]></B><C>\n <![CDATA[c]]>\n</C><D><![CDATA[x]]]]><![CDATA[>y]]></D><E> e </E>')
    assert.deepEqual(tree, { a: 'a <&>"\' 你好 &nbsp; &#x110000;', b: ' &lt;b> ', c: 'c', d: 'x]]>y', e: 'e' })
  })

  it('keeps markup in CDATA as text', () => {
    const text = '<!DOCTYPE x [<!ENTITY a "b">]><a>&a;</a><!-- c --><?php ?>'
    assert.deepEqual(read(`<A><![CDATA[${text}]]></A>`), { a: text })
  })

  for (const [name, source] of Object.entries({
    'a document type': '<!DOCTYPE xml><xml><A>1</A></xml>',
    'an entity': '<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>',
    'a document type inside': '<xml><A>1</A><!DOCTYPE x></xml>',
    'a comment': '<xml><!-- <A> --><A>1</A></xml>',
    'a document type behind what looks like a comment': '<xml a="<!--"><!DOCTYPE x>--><A>1</A></xml>',
    'a processing instruction': '<xml><?php x ?></xml>',
    'CDATA that never ends': '<xml><A><![CDATA[x</A></xml>',
    'a tag that never ends': '<xml><A',
    'two roots': '<xml><A>1</A></xml><xml><A>1</A></xml>',
    'another root': '<html><A>1</A></html>',
    'text alone': '<xml>text</xml>',
    nothing: '<xml></xml>',
    'a prototype': '<xml><__proto__><x>1</x></__proto__></xml>',
    'a constructor': '<xml><constructor>1</constructor></xml>',
    'too many elements': `<xml>${'<a/>'.repeat(1001)}</xml>`,
    'too deep a nest': `<xml>${'<a>'.repeat(20)}${'</a>'.repeat(20)}</xml>`,
    'too much text': `<xml><A>${'x'.repeat(128 << 10)}</A></xml>`,
  })) {
    it(`rejects ${name} with the given reason`, () => {
      assert.throws(() => parseXml(source, 'payload'), { name: 'CallbackError', reason: 'payload' })
      assert.throws(() => parseXml(source, 'malformed'), { name: 'CallbackError', reason: 'malformed' })
      assert.equal(({} as Record<string, unknown>).x, undefined)
    })
  }

  it('reads or rejects input crafted to be slow within a second', () => {
    const size = 120 << 10
    for (const piece of [']', '&amp;', 'x ', '\n']) {
      const start = cpuTimeMs()
      read(`<A>${piece.repeat(size / piece.length)}</A>`)
      read(`<A><![CDATA[${piece.repeat(size / piece.length)}]]></A>`)
      assert.ok(cpuTimeMs() - start < 1000, piece)
    }
    for (const source of [
      '<![CDATA['.repeat(size / 9), '<'.repeat(size), '<a '.repeat(size / 3), `<xml a="${'x'.repeat(size)}"/>`,
      `<xml>${'<![CDATA[]]>'.repeat(size / 12)}</xml>`, `<xml>${'</a>'.repeat(size / 4)}</xml>`,
    ]) {
      const start = cpuTimeMs()
      assert.throws(() => parseXml(source, 'malformed'))
      assert.ok(cpuTimeMs() - start < 1000, source.slice(0, 20))
    }
  })

  it('writes text as CDATA and numbers plain', () => {
    assert.equal(
      buildXml({ A: 'x', B: 1, C: undefined, D: [{ E: 'y' }, { E: 2 }], F: { G: '' } }),
      '<xml><A><![CDATA[x]]></A><B>1</B><D><E><![CDATA[y]]></E></D><D><E>2</E></D><F><G><![CDATA[]]></G></F></xml>',
    )
  })

  it('writes any text so that it is read back, except characters that XML cannot contain', () => {
    for (const text of ['a]]>b', ']]', ']]>]]>', '<![CDATA[x]]>', '&lt;', '<b>', '你好 😀', '\t\n']) {
      assert.equal(parseXml(buildXml({ A: text }), 'payload').a, text)
    }
    assert.equal(parseXml(buildXml({ A: 'a\0b\x1bc\ud800d\udc00e\ufffff' }), 'payload').a, 'abcdef')
  })
})

describe('toTree', () => {
  it('normalizes names and turns values into text', () => {
    assert.deepEqual(toTree({ msg_type: 'text', chatID: 1, a: null, b: [1, null, { c_d: true }], e: undefined }), {
      msgtype: 'text', chatid: '1', b: ['1', { cd: 'true' }],
    })
  })

  it('stops at the maximum depth', () => {
    let deep: object = {}
    for (let depth = 0; depth < 10_000; depth++) deep = { a: deep }
    assert.ok(JSON.stringify(toTree(deep)).length < 200)
    toTree(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'))
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
  })
})

import assert from 'node:assert/strict'
import { openJson } from '../../src/protocol/envelope'
import { findMember } from '../../src/protocol/json-scan'
import { Random } from '../support/random'

describe('findMember', () => {
  const names = ['encrypt', 'Encrypt']

  for (const source of [
    '{"encrypt":"abc"}', ' \t\r\n{ "encrypt" : "abc" } \n', '{"a":1,"encrypt":"abc","b":null}', '{"Encrypt":"abc"}',
    '{"encrypt":"x","encrypt":"abc"}', '{"Encrypt":"x","encrypt":"abc"}', '{"\\u0065ncrypt":"abc"}',
    '{"a":{"encrypt":"x","b":[1,{"c":"}\\"]"}]},"encrypt":"abc"}', '{"a":"\\\\","encrypt":"abc"}', '{"a":"\\"","encrypt":"abc"}',
    '{"tousername":"ww","encrypt":"abc","agentid":-1.5e3,"x":true,"y":false}', '{"encrypt":"\\u0061bc"}',
  ]) {
    it(`finds the text that JSON.parse finds in ${source.trim()}`, () => {
      const parsed = JSON.parse(source)
      assert.equal(parsed.encrypt ?? parsed.Encrypt, 'abc')
      assert.equal(findMember(source, names), 'abc')
    })
  }

  for (const source of ['{}', '{"a":"encrypt"}', '{"encrypt":1}', '{"encrypt":null}', '{"a":{"encrypt":"x"}}', '{"encrypt":["x"]}', '{"ENCRYPT":"x"}']) {
    it(`finds nothing in ${source}`, () => assert.equal(findMember(source, names), undefined))
  }

  for (const source of [
    '', ' ', 'null', '[]', '"encrypt"', '{', '{"encrypt"', '{"encrypt":', '{"encrypt":"abc', '{"encrypt":"abc"', '{"encrypt":"abc"}}',
    '{"encrypt":"abc"} x', '{encrypt:"abc"}', '{"encrypt" "abc"}', '{"encrypt":"abc",}', '{,"encrypt":"abc"}', '{"a":[,"encrypt":"abc"}',
    '{"a":"\\","encrypt":"abc"}', `{"encrypt":"a\nb"}`, '{"encrypt":"\\x"}', '\ufeff{"encrypt":"abc"}', '{"encrypt":[[[',
    `{${Array.from({ length: 17 }, (_, index) => `"a${index}":1`)}}`,
  ]) {
    it(`refuses ${source.slice(0, 40) || 'nothing'}`, () => {
      assert.throws(() => findMember(source, names), { reason: 'malformed', status: 400 })
    })
  }

  it('agrees with JSON.parse on any envelope', () => {
    const random = new Random(7)
    const value = (depth = 0): unknown => random.pick<() => unknown>([
      () => 'text', () => '"', () => '\\', () => '}', () => 1.5, () => null, () => true,
      () => depth < 3 ? [value(depth + 1)] : [], () => depth < 3 ? { encrypt: value(depth + 1) } : {},
    ])()
    for (let trial = 0; trial < 2000; trial++) {
      const members = Object.fromEntries(random.times(0, 5, () => [random.pick(['a', 'encrypt', '"', 'b']), value()]))
      const { encrypt } = members
      const source = JSON.stringify(members, null, random.pick([0, 2]))
      assert.equal(findMember(source, ['encrypt']), typeof encrypt === 'string' ? encrypt : undefined, source)
    }
  })

  it('bounds what it skips and what it finds', () => {
    assert.throws(() => findMember(`{"a":${'['.repeat(300)}${']'.repeat(300)}}`, names), { reason: 'malformed' })
    assert.equal(findMember('{"encrypt":"abc"}', names, 5), 'abc')
    assert.throws(() => findMember('{"encrypt":"abc"}', names, 4), { reason: 'malformed' })
  })

  it('takes no empty ciphertext', () => {
    assert.throws(() => openJson('{"encrypt":""}'), { reason: 'malformed' })
  })
})

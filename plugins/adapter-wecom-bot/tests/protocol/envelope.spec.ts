import assert from 'node:assert/strict'
import { decodeKey, encrypt, verify } from '../../src/protocol/crypto'
import { openJson, sealJson } from '../../src/protocol/envelope'

const credential = {
  token: 'AibotTestToken01',
  key: decodeKey('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'),
  receiveId: '',
}

describe('JSON envelope', () => {
  for (const body of [
    '{"encrypt":"BASE64"}',
    '{"Encrypt":"BASE64"}',
    ' {\n "encrypt" : "BASE64" }\r\n',
    '{"tousername":"corp","encrypt":"BASE64","agentid":"218"}',
    '{"encrypt":"BASE64","Encrypt":"OTHER"}',
    '{"encrypt":"\\u0042ASE64"}',
  ]) {
    it(`opens ${JSON.stringify(body)}`, () => {
      assert.equal(openJson(body), 'BASE64')
    })
  }

  for (const body of [
    '', ' ', '{', 'null', 'true', '0', '""', '"BASE64"', '[]', '["encrypt"]', '[{"encrypt":"BASE64"}]', '{}',
    '{"encrypt":""}', '{"encrypt":null}', '{"encrypt":1}', '{"encrypt":{}}', '{"encrypt":["BASE64"]}',
    '{"encrypt":{"toString":null}}', '{"ENCRYPT":"BASE64"}', '{"__proto__":{"encrypt":"BASE64"}}',
    '\ufeff{"encrypt":"BASE64"}', 'encrypt=BASE64', '<xml><Encrypt><![CDATA[BASE64]]></Encrypt></xml>',
    '<!doctype html>', '['.repeat(100000), '{"encrypt":'.repeat(10000),
  ]) {
    it(`rejects ${JSON.stringify(body).slice(0, 60)}`, () => {
      assert.throws(() => openJson(body), { name: 'CallbackError', reason: 'malformed', status: 400 })
    })
  }

  it('ignores inherited properties', () => {
    assert.throws(() => openJson('{"encrypt":null,"constructor":{"encrypt":"BASE64"}}'), { reason: 'malformed' })
  })

  it('does not quote the body in the error', () => {
    for (const body of ['SECRET', '{"encrypt":SECRET}', '{"SECRET":1}']) {
      assert.throws(() => openJson(body), error => !(error as Error).message.includes('SECRET'))
    }
  })

  it('seals with the nonce of the callback, an integer timestamp and a valid signature', () => {
    const ciphertext = encrypt(credential, '{"a":"企"}')
    const { msgsignature, ...rest } = JSON.parse(sealJson(credential, ciphertext, 'n0', 17e8))
    assert.deepEqual(rest, { encrypt: ciphertext, timestamp: 17e8, nonce: 'n0' })
    assert.ok(verify(credential.token, '1700000000', 'n0', ciphertext, msgsignature))
  })
})

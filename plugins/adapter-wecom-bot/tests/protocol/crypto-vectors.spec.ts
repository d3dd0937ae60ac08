import assert from 'node:assert/strict'
import type { Credential } from '../../src/protocol/crypto'
import { decodeKey, decodeMediaKey, decrypt, decryptMedia, encrypt, sign, verify } from '../../src/protocol/crypto'
import { openJson, sealJson } from '../../src/protocol/envelope'
import vectors from '../../../../testkit/fixtures/wecom-vectors.json'

interface Console {
  token: string
  encodingAESKey: string
  receiveid: string
}

function credential({ token, encodingAESKey, receiveid }: Console): Credential {
  return { token, key: decodeKey(encodingAESKey), receiveId: receiveid }
}

function random(ascii: string) {
  return Buffer.from(ascii, 'latin1') as Buffer<ArrayBuffer>
}

describe('crypto with known vectors', () => {
  for (const { encodingAESKey, aesKeyHex, ivHex } of vectors.key_derivation) {
    it(`derives the key of ${encodingAESKey}`, () => {
      const key = decodeKey(encodingAESKey)
      assert.equal(key.toString('hex'), aesKeyHex)
      assert.equal(key.subarray(0, 16).toString('hex'), ivHex)
    })
  }

  for (const vector of [...vectors.decrypt, ...vectors.encrypt_deterministic, ...vectors.padding_edge]) {
    it(`decrypts ${vector.name}`, () => {
      const { token, timestamp, nonce, encrypt, msg_signature } = vector
      assert.equal(sign(token, timestamp, nonce, encrypt), msg_signature)
      assert.ok(verify(token, timestamp, nonce, encrypt, msg_signature))
      assert.equal(decrypt(credential(vector), encrypt), vector.plaintext)
    })
  }

  for (const vector of [...vectors.encrypt_deterministic, ...vectors.padding_edge]) {
    it(`encrypts ${vector.name}`, () => {
      assert.equal(encrypt(credential(vector), vector.plaintext, random(vector.random_ascii)), vector.encrypt)
    })
  }

  for (const vector of vectors.encrypt_deterministic.filter(({ envelope }) => envelope === 'json')) {
    it(`seals ${vector.name}`, () => {
      const { encrypt, nonce, timestamp } = vector
      const body = sealJson(credential(vector), encrypt, nonce, Number(timestamp))
      const envelope = JSON.parse(body)
      assert.deepEqual(Object.keys(envelope), ['encrypt', 'msgsignature', 'timestamp', 'nonce'])
      assert.deepEqual(envelope, {
        encrypt,
        msgsignature: vector.msg_signature,
        timestamp: Number(timestamp),
        nonce,
      })
      if (vector.http_body && vector.kind === 'outbound_reply') assert.equal(body, vector.http_body)
    })
  }

  it('opens JSON envelopes', () => {
    const published = [...vectors.decrypt, ...vectors.encrypt_deterministic].filter(({ envelope }) => envelope === 'json')
    const bodies = published.filter(({ http_body }) => http_body)
    assert.ok(bodies.length >= 2)
    for (const { http_body, encrypt } of bodies) assert.equal(openJson(http_body!), encrypt)
  })

  for (const { name, aeskey_base64, cipher_base64, plain_base64 } of vectors.media) {
    it(`decrypts media: ${name}`, () => {
      const plain = decryptMedia(decodeMediaKey(aeskey_base64), Buffer.from(cipher_base64, 'base64'))
      assert.equal(plain.toString('base64'), plain_base64)
    })
  }

  for (const { format, aeskey, aesKeyHex, cipher_base64, plain_utf8 } of vectors.aeskey_encodings) {
    it(`reads a media key in ${format}`, () => {
      const key = decodeMediaKey(aeskey)
      assert.equal(key.toString('hex'), aesKeyHex)
      assert.equal(decryptMedia(key, Buffer.from(cipher_base64, 'base64')).toString(), plain_utf8)
    })
  }

  it('rejects the negative vectors', () => {
    const [forged, foreign, ragged, short] = vectors.negative
    assert.equal(verify(forged.token!, forged.timestamp!, forged.nonce!, forged.encrypt!, forged.msg_signature!), false)

    const original = vectors.decrypt.find(({ name }) => name === foreign.ref)!
    const receiver = { ...credential(original), receiveId: foreign.expected_receiveid! }
    assert.throws(() => decrypt(receiver, original.encrypt), { reason: 'receive-id', status: 403 })

    const key = decodeKey(ragged.encodingAESKey!)
    assert.throws(() => decrypt({ token: '', key, receiveId: '' }, ragged.encrypt!), { reason: 'decrypt', status: 400 })
    assert.throws(() => decodeKey(short.encodingAESKey!), { name: 'TypeError', message: /43 letters.*got 42/ })
  })
})

import assert from 'node:assert/strict'
import { CipherError, decodeKey, decrypt, decryptMedia, encrypt, encryptMedia, sign } from '../../src'
import vectors from '../../fixtures/wecom-vectors.json'

describe('WeCom cipher of the testkit', () => {
  for (const { encodingAESKey, aesKeyHex } of vectors.key_derivation) {
    it(`derives the key of ${encodingAESKey}`, () => {
      assert.equal(decodeKey(encodingAESKey).toString('hex'), aesKeyHex)
    })
  }

  for (const v of vectors.decrypt) {
    it(`decrypts ${v.name}`, () => {
      assert.equal(sign(v.token, v.timestamp, v.nonce, v.encrypt), v.msg_signature)
      const key = decodeKey(v.encodingAESKey)
      const { message, receiveId } = decrypt(key, v.encrypt)
      assert.equal(message, v.plaintext)
      assert.equal(receiveId, v.embedded_receiveid)
      assert.equal(encrypt(key, message, receiveId, Buffer.from(v.random_hex, 'hex')), v.encrypt)
    })
  }

  for (const v of [...vectors.encrypt_deterministic, ...vectors.padding_edge]) {
    it(`encrypts ${v.name}`, () => {
      const key = decodeKey(v.encodingAESKey)
      const receiveId = 'receiveid' in v ? v.receiveid : ''
      const encrypted = encrypt(key, v.plaintext, receiveId, Buffer.from(v.random_ascii))
      assert.equal(encrypted, v.encrypt)
      assert.equal(sign(v.token, v.timestamp, v.nonce, encrypted), v.msg_signature)
      assert.deepEqual(decrypt(key, encrypted), { message: v.plaintext, receiveId })
    })
  }

  for (const v of vectors.media) {
    it(`encrypts and decrypts media: ${v.name}`, () => {
      const key = Buffer.from(v.aeskey_base64, 'base64')
      const plain = Buffer.from(v.plain_base64, 'base64')
      assert.equal(encryptMedia(key, plain).toString('base64'), v.cipher_base64)
      assert.deepEqual(decryptMedia(key, Buffer.from(v.cipher_base64, 'base64')), plain)
    })
  }

  it('throws the error codes of WeCom\'s libraries', () => {
    const [signature, , truncated, short] = vectors.negative
    const { token, timestamp, nonce, encrypt: encrypted, msg_signature } = signature
    assert.notEqual(sign(token!, timestamp!, nonce!, encrypted!), msg_signature)
    const code = (code: number) => (error: unknown) => error instanceof CipherError && error.code === code
    assert.throws(() => decrypt(decodeKey(truncated.encodingAESKey!), truncated.encrypt!), code(-40007))
    assert.throws(() => decodeKey(short.encodingAESKey!), code(-40004))
    const key = decodeKey(vectors.decrypt[0].encodingAESKey)
    assert.throws(() => decrypt(key, vectors.decrypt[2].encrypt), code(-40007))
    assert.throws(() => decrypt(key, encryptMedia(key, Buffer.alloc(19)).toString('base64')), code(-40008))
    assert.throws(() => decrypt(key, encryptMedia(key, Buffer.alloc(32, 1)).toString('base64')), code(-40008))
  })
})

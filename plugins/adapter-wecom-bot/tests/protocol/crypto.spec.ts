import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Credential } from '../../src/protocol/crypto'
import { decodeKey, decodeMediaKey, decrypt, decryptMedia, encrypt, sign, verify } from '../../src/protocol/crypto'
import { encryptBlocks, flawed } from '../support/forge'
import { encodingAESKey } from '../support/world'

const key = decodeKey(encodingAESKey)
const own: Credential = { token: 'AibotTestToken01', key, receiveId: '' }
const corporate: Credential = { ...own, receiveId: 'wwCORPIDCORPID00' }

describe('crypto', () => {
  it('encrypts and decrypts messages of every length, in blocks of 32 bytes', () => {
    for (let length = 0; length <= 96; length++) {
      for (const credential of [own, corporate]) {
        for (const message of ['x'.repeat(length), '企'.repeat(length), '😀'.repeat(length)]) {
          const ciphertext = encrypt(credential, message)
          assert.equal(Buffer.from(ciphertext, 'base64').length % 32, 0)
          assert.equal(decrypt(credential, ciphertext), message)
        }
      }
    }
  })

  it('encrypts the same message differently each time', () => {
    assert.notEqual(encrypt(own, '你好'), encrypt(own, '你好'))
  })

  it('signs a known message', () => {
    assert.equal(sign('QDG6eK', '1409659813', '1372623149', 'ENC'), '5213d8fe316d8d23a1c37bb55a4d340b7c0a9b67')
  })

  it('verifies a signature in upper and lower case, and nothing else', () => {
    const signature = sign('token', '1', '2', 'ENC')
    const check = (value: string) => verify('token', '1', '2', 'ENC', value)
    assert.ok(check(signature))
    assert.ok(check(signature.toUpperCase()))
    for (const wrong of ['', signature.slice(1), signature + '0', signature + '\n', '0'.repeat(40), '企'.repeat(40)]) {
      assert.equal(check(wrong), false, wrong)
    }
  })

  const intact = '{"msgtype":"text"}'
  const refused: [name: string, ciphertext: string][] = [
    ['a padding of 0', flawed('hello world!', { pad: count => Buffer.alloc(count, 0) })],
    ['a padding of 33', flawed('hello world!', { pad: count => Buffer.alloc(count, 33) })],
    ['a padding of 255', flawed('hello world!', { pad: count => Buffer.alloc(count, 255) })],
    ['a padding that is not all alike', flawed(intact, {
      pad: count => Buffer.concat([Buffer.from([count + 1]), Buffer.alloc(count - 1, count)]),
    })],
    ['a length beyond the end', flawed(intact, { length: intact.length + 1 })],
    ['a length of 0xFFFFFFFF', flawed(intact, { length: 0xffffffff })],
    ['a message that is not UTF-8', flawed(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), {})],
    ['half a character', flawed(Buffer.from('{"企').subarray(0, 4), {})],
    ['an overlong encoding', flawed(Buffer.from([0xc0, 0xae]), {})],
    ['a surrogate in UTF-8', flawed(Buffer.from([0xed, 0xa0, 0x80]), {})],
    ['nothing but padding', encryptBlocks(Buffer.alloc(32, 32))],
    ['less than a header', encryptBlocks(Buffer.concat([randomBytes(16), Buffer.alloc(16, 16)]))],
    ['no blocks at all', ''],
    ['half a block', Buffer.alloc(24).toString('base64')],
  ]
  for (const [name, ciphertext] of refused) {
    it(`rejects ${name}`, () => {
      assert.throws(() => decrypt(own, ciphertext), { name: 'CallbackError', reason: 'decrypt', status: 400 })
    })
  }

  it('rejects an unexpected, a different and a missing receive id', () => {
    const refusal = { name: 'CallbackError', reason: 'receive-id', status: 403 }
    assert.throws(() => decrypt(own, encrypt(corporate, intact)), refusal)
    assert.throws(() => decrypt(corporate, encrypt(own, intact)), refusal)
    assert.throws(() => decrypt(corporate, encrypt({ ...own, receiveId: 'wwCORPIDCORPID01' }, intact)), refusal)
    assert.throws(() => decrypt(own, flawed(intact, { length: intact.length - 1 })), refusal)
  })

  it('does not read half a character of the message as part of the receive id', () => {
    const message = Buffer.from('企').subarray(0, 1)
    const tail = Buffer.concat([Buffer.from('企').subarray(1), Buffer.from(corporate.receiveId)])
    const ciphertext = flawed(Buffer.concat([message, tail]), { length: 1 })
    assert.throws(() => decrypt(corporate, ciphertext), { reason: 'receive-id' })
  })

  it('accepts padding to blocks of 16 bytes, which some libraries use', () => {
    assert.equal(decrypt(own, flawed('hello world!', { block: 16 })), 'hello world!')
  })

  it('accepts standard base64 only', () => {
    const canonical = encrypt(own, '企业微信'.repeat(20), Buffer.alloc(16, 0xff))
    assert.ok(/\+/.test(canonical) && /\//.test(canonical))
    const spellings = [
      canonical.replace(/\+/g, ' '),
      canonical.replace(/\+/g, '-').replace(/\//g, '_'),
      canonical.replace(/.{64}/g, '$&\n'),
      canonical.replace(/.{76}/g, '$&\r\n'),
      canonical.replace(/=+$/, ''),
      canonical.replace(/=*$/, '===='),
      ' ' + canonical,
      canonical + '\n',
      canonical + '====',
      '=' + canonical,
    ]
    assert.equal(decrypt(own, canonical), '企业微信'.repeat(20))
    for (const spelling of spellings) {
      if (spelling === canonical) continue
      assert.throws(() => decrypt(own, spelling), { reason: 'decrypt' }, JSON.stringify(spelling))
    }
  })

  it('throws only CallbackError for corrupted ciphertext', () => {
    const ciphertext = Buffer.from(encrypt(own, '{"msgtype":"text","text":{"content":"你好"}}'), 'base64')
    let opened = 0
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.from(ciphertext)
      bytes[round * 7 % bytes.length] ^= 1 + round % 255
      try {
        decrypt(own, bytes.subarray(0, bytes.length - (round % 3) * 16).toString('base64'))
        opened++
      } catch (error) {
        assert.equal((error as Error).name, 'CallbackError')
      }
    }
    // Flips in the random bytes, and those that yield valid text, are found by the signature only.
    assert.ok(opened < 5000)
  })

  for (const encodingAESKey of ['', 'x'.repeat(42), 'x'.repeat(44), 'x'.repeat(42) + '=', 'x'.repeat(42) + '-', 'x'.repeat(43) + '\n']) {
    it(`rejects the EncodingAESKey ${JSON.stringify(encodingAESKey)}`, () => {
      assert.throws(() => decodeKey(encodingAESKey), TypeError)
    })
  }

  it('reports the length of a wrong EncodingAESKey, not the key', () => {
    const secret = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEF'
    assert.throws(() => decodeKey(secret), error => !(error as Error).message.includes(secret.slice(0, 8)))
  })

  for (const aesKey of ['', 'short', 'x'.repeat(44), '00'.repeat(31), '00'.repeat(33), '企业微信']) {
    it(`rejects the media key ${JSON.stringify(aesKey.slice(0, 12))}`, () => {
      assert.throws(() => decodeMediaKey(aesKey), { reason: 'decrypt' })
    })
  }

  it('rejects media that is not ciphertext', () => {
    for (const data of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(64), randomBytes(31)]) {
      assert.throws(() => decryptMedia(key, data), { reason: 'decrypt' })
    }
  })
})

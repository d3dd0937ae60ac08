import assert from 'node:assert/strict'
import { createEncodingAESKey, createToken, decodeKey } from '../../src'

describe('createToken and createEncodingAESKey', () => {
  it('match the console\'s format and decode strictly', () => {
    for (let i = 0; i < 50; i++) {
      assert.match(createToken(), /^[A-Za-z0-9]{32}$/)
      const encodingAESKey = createEncodingAESKey()
      assert.match(encodingAESKey, /^[A-Za-z0-9]{43}$/)
      const key = decodeKey(encodingAESKey)
      assert.equal(key.length, 32)
      assert.equal(key.toString('base64'), `${encodingAESKey}=`)
    }
    assert.notEqual(createToken(), createToken())
  })
})

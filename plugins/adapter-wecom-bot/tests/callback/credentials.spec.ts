import assert from 'node:assert/strict'
import { createCredentials } from '../../src/callback/credentials'
import { decodeKey } from '../../src/protocol/crypto'

const CURRENT = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
const PREVIOUS = 'ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8'

describe('createCredentials', () => {
  const config = { token: 'T', encodingAESKey: CURRENT, receiveId: '' }

  it('has the current credential alone by default', () => {
    assert.deepEqual(createCredentials(config), [{ token: 'T', key: decodeKey(CURRENT), receiveId: '' }])
  })

  it('adds the previous token and key, each with the current other value if it is not set', () => {
    const pairs = (previous: object) => {
      const credentials = createCredentials({ ...config, ...previous })
      return credentials.map(({ token, key }) => [token, key.equals(decodeKey(CURRENT))])
    }
    assert.deepEqual(pairs({ previousToken: 'OLD' }), [['T', true], ['OLD', true]])
    assert.deepEqual(pairs({ previousEncodingAESKey: PREVIOUS }), [['T', true], ['T', false]])
    assert.deepEqual(pairs({ previousToken: 'OLD', previousEncodingAESKey: PREVIOUS }), [['T', true], ['OLD', false]])
  })

  it('adds a credential for the app to each if the corporation is another receiver', () => {
    const ids = (corpId: string, receiveId = '') => {
      return createCredentials({ ...config, receiveId, corpId }).map(({ receiveId, isApp }) => [receiveId, !!isApp])
    }
    assert.deepEqual(ids('wwCORP'), [['', false], ['wwCORP', true]])
    assert.deepEqual(ids('wwCORP', 'wwCORP'), [['wwCORP', false]])
  })
})

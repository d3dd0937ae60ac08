import assert from 'node:assert/strict'
import { decodeButtonKey, encodeButtonKey, inputOf, toCardButton } from '../../src/cards/buttons'

describe('button keys', () => {
  for (const [name, button, decoded] of [
    ['a text', { text: 'Yes' }, { id: 'Yes' }],
    ['an id', { text: 'Yes', id: 'deploy:42' }, { id: 'deploy:42' }],
    ['an input', { text: 'Log', input: 'log 42' }, { id: 'log 42', input: 'log 42' }],
    ['an input beside an id', { text: 'Log', id: 'x', input: 'i:log' }, { id: 'i:log', input: 'i:log' }],
    ['lines', { text: 'Log', input: 'a\nb' }, { id: 'a\nb', input: 'a\nb' }],
    ['an id that looks like an input', { text: 'x', id: 'i:x' }, { id: 'i:x' }],
  ] as const) {
    it(`keep ${name}`, () => {
      const key = encodeButtonKey(button)
      assert.deepEqual(decodeButtonKey(key), decoded)
      assert.equal(inputOf({ key }), 'input' in decoded ? decoded.input : undefined)
    })
  }

  it('without a prefix are ids', () => {
    assert.deepEqual(decodeButtonKey('deploy:42'), { id: 'deploy:42' })
    assert.deepEqual(decodeButtonKey(''), { id: '' })
  })

  it('are the keys of card buttons, which always have a label', () => {
    assert.deepEqual(toCardButton({ text: 'Yes', id: 'y' }), { text: 'Yes', style: 1, key: 'b:y' })
    assert.equal(toCardButton({ text: '', input: 'log' }).text, 'log')
    assert.equal(toCardButton({ text: '' }).text, '…')
  })
})

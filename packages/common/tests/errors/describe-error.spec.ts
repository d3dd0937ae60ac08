import assert from 'node:assert/strict'
import { describeError } from 'common/errors'

describe('describeError', () => {
  it('gives one line without addresses', () => {
    const error = new Error('fetch https://api.telegram.org/bot123:token/sendMessage failed\n  twice')
    assert.equal(describeError(error), 'fetch <url> failed twice')
  })

  it('lists the errors collected in an error', () => {
    assert.equal(describeError(Object.assign(new Error(''), { errors: [new Error('a'), new Error('b')] })), 'a, b')
  })

  it('takes any thrown value', () => {
    assert.equal(describeError('text'), 'text')
    assert.equal(describeError(undefined), 'undefined')
    assert.equal(describeError(null), 'null')
  })
})

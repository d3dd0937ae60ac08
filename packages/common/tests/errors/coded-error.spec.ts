import assert from 'node:assert/strict'
import { CodedError } from 'common/errors'

type Code = 'example/not-found' | 'example/refused'

class ExampleError extends CodedError<Code> {
  override readonly name = 'ExampleError'
}

describe('CodedError', () => {
  it('carries a code, a message and a cause', () => {
    const cause = new Error('below')
    const error = new ExampleError('example/refused', 'refused; ask an administrator', { cause })
    assert.ok(error instanceof Error && error instanceof CodedError)
    assert.equal(error.code, 'example/refused')
    assert.equal(String(error), 'ExampleError: refused; ask an administrator')
    assert.equal(error.cause, cause)
    assert.match(error.stack!, /coded-error\.spec/)
  })

  it('has no cause unless one is given', () => {
    assert.ok(!('cause' in new ExampleError('example/not-found', 'not found')))
  })
})

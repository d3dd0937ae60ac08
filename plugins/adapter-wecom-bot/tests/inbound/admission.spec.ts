import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { Admission } from '../../src/inbound/admission'
import { Concurrency } from '../../src/turn/concurrency'
import { notices } from '../support/turns'

describe('Admission', () => {
  function create() {
    const concurrency = new Concurrency({ total: 2, user: 1, maxAge: 1000 }, new FakeClock())
    return { concurrency, admission: new Admission(concurrency, notices) }
  }

  it('refuses people beyond the limit with the busy notice', () => {
    const { concurrency, admission } = create()
    assert.equal(admission.refusal('A'), undefined)
    concurrency.add('1', 'A')
    assert.equal(admission.refusal('A'), '(busy)')
    assert.equal(admission.refusal('B'), undefined)
    concurrency.release('1')
    assert.equal(admission.refusal('A'), undefined)
  })

  it('refuses everyone after it is closed, with the leaving notice', () => {
    const { concurrency, admission } = create()
    concurrency.add('1', 'A')
    admission.close()
    assert.deepEqual(['A', 'B'].map(userId => admission.refusal(userId)), ['(leaving)', '(leaving)'])
  })
})

import assert from 'node:assert/strict'
import { parsePayload } from '../../src/protocol/parse-aibot'
import vectors from '../../../../testkit/fixtures/wecom-vectors.json'

const base = { msgid: 'MSGID', create_time: 17e8, aibotid: 'AIBOTID', chattype: 'single', from: { userid: 'USERID' } }

function read(event: unknown) {
  const payload = parsePayload(JSON.stringify({ ...base, msgtype: 'event', event }))
  assert.equal(payload.kind, 'event')
  return payload.kind === 'event' ? payload : assert.fail()
}

function sample(name: string) {
  return parsePayload(JSON.stringify(vectors.body_samples.find(sample => sample.name === name)!.plaintext))
}

describe('parsePayload for events', () => {
  it('parses enter_chat', () => {
    const payload = read({ eventtype: 'enter_chat', enter_chat: {} })
    assert.equal(payload.type, 'enter-chat')
    assert.equal(payload.createTime, 17e8)
  })

  it('parses a click on a card', () => {
    const payload = sample('event template_card_event')
    assert.ok(payload.kind === 'event' && payload.type === 'card-click')
    assert.equal(payload.responseUrl, 'RESPONSEURL')
    assert.deepEqual(payload.click, {
      cardType: 'vote_interaction',
      key: 'button_replace_text',
      taskId: 'TASKID',
      selected: { QUESTION_KEY1: ['OPTION_ID1', 'OPTION_ID2'] },
    })
  })

  it('parses a click in the layout of the official SDK', () => {
    const payload = read({ eventtype: 'template_card_event', event_key: 'yes', task_id: 'T' })
    assert.ok(payload.type === 'card-click')
    assert.deepEqual(payload.click, { cardType: '', key: 'yes', taskId: 'T', selected: {} })
  })

  it('parses feedback', () => {
    const payload = sample('event feedback_event')
    assert.ok(payload.kind === 'event' && payload.type === 'feedback')
    assert.deepEqual(payload.feedback, {
      id: 'FEEDBACKID',
      opinion: 'dislike',
      text: 'not what I asked',
      reasons: [2, 4],
    })
    for (const [type, opinion] of [[1, 'like'], [2, 'dislike'], [3, 'withdrawn']]) {
      const payload = read({ eventtype: 'feedback_event', feedback_event: { id: 'F', type } })
      assert.ok(payload.type === 'feedback')
      assert.deepEqual(payload.feedback, { id: 'F', opinion, text: '', reasons: [] })
    }
  })

  it('parses an unknown or incomplete event as unknown', () => {
    for (const [event, name] of [
      [{ eventtype: 'auth_change_event', auth_change_event: {} }, 'auth_change_event'],
      [{ eventtype: '__proto__' }, '__proto__'],
      [{ eventtype: 'constructor' }, 'constructor'],
      [{ eventtype: 1 }, ''],
      [{}, ''],
      [null, ''],
      [[], ''],
      ['enter_chat', ''],
    ]) {
      const payload = read(event)
      assert.ok(payload.type === 'unknown')
      assert.equal(payload.name, name)
    }
  })

  it('accepts an event without a user', () => {
    const payload = parsePayload(JSON.stringify({ msgid: 'M', msgtype: 'event', event: { eventtype: 'disconnected_event' } }))
    assert.equal(payload.userId, '')
  })

  it('keeps a question key named __proto__', () => {
    const item = { question_key: '__proto__', option_ids: { option_id: ['a'] } }
    const payload = read({
      eventtype: 'template_card_event',
      template_card_event: JSON.parse(JSON.stringify({ selected_items: { selected_item: [item] } })),
    })
    assert.ok(payload.type === 'card-click')
    assert.deepEqual(Object.entries(payload.click.selected), [['__proto__', ['a']]])
  })

  it('ignores values of the wrong type', () => {
    const odd = { toString: 1, valueOf: 1 }
    for (const value of [odd, [odd], null, [null], 'constructor', 'toString', true, [[]], { length: 3 }]) {
      const opinion = read({
        eventtype: 'feedback_event',
        feedback_event: { id: value, type: value, content: value, inaccurate_reason_list: value },
      })
      assert.ok(opinion.type === 'feedback')
      assert.equal(opinion.feedback.opinion, 'withdrawn')
      assert.ok(opinion.feedback.reasons.every(reason => typeof reason === 'number'))

      for (const selected_items of [value, { selected_item: value }, { selected_item: [value] }, {
        selected_item: [{ question_key: 'k', option_ids: value }, { question_key: value }],
      }, {
        selected_item: [{ question_key: 'k', option_ids: { option_id: value } }],
      }]) {
        const click = read({
          eventtype: 'template_card_event',
          template_card_event: { card_type: value, event_key: value, task_id: value, selected_items },
        })
        assert.ok(click.type === 'card-click')
        assert.ok(Object.values(click.click.selected).flat().every(id => typeof id === 'string'))
      }
    }
  })
})

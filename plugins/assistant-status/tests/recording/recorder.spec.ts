import assert from 'node:assert/strict'
import mock from '@koishijs/plugin-mock'
import { Context, h } from 'koishi'
import type { Session } from 'koishi'
import { record } from '../../src/recording/recorder'
import type { Place } from '../../src/storage/activity-store'
import type { Rating } from '../../src/storage/rating-store'
import type { Counts } from '../../src/storage/tables'

describe('what is recorded', () => {
  let app: Context
  let keepsText: boolean
  let counted: [readonly Place[], Counts][]
  let saved: Rating[]

  beforeEach(async () => {
    [keepsText, counted, saved] = [true, [], []]
    app = new Context()
    app.plugin(mock as never)
    record(app, {
      activity: { add: (places, counts) => void counted.push([places, counts]) },
      ratings: { save: async rating => void saved.push(rating) },
      keepsText: () => keepsText,
    })
    await app.start()
  })
  afterEach(() => app.stop())

  const emit = (event: string, ...args: unknown[]) => app.emit(event as never, ...args as never)
  const session = (event: object) => app.bots[0].session(event as never)
  const message = (isDirect: boolean, referrer?: object) => {
    const made = session({ type: 'message', user: { id: 'u' }, channel: { id: 'c', type: isDirect ? 1 : 0 }, referrer })
    made.elements = [h.at('bot'), h.text('Why '), h.text('so?')]
    return made
  }
  const used = { promptTokens: 8, answerTokens: 2, ms: 30 }

  /** Sends a reply as an adapter does. */
  async function reply(question: Session, id: string) {
    const sent = session({ type: 'send', channel: { id: 'c', type: 0 }, message: { id } })
    await app.serial(sent, 'before-send', sent, { session: question })
    app.emit(sent, 'send', sent)
  }

  it('is an answer by model, person and group', () => {
    emit('gemini/outcome', { result: 'answered', model: 'm', firstTextMs: 20, ...used }, message(false))
    const [[places, counts]] = counted
    assert.deepEqual(places.map(({ dimension, name }) => [dimension, name]), [['model', 'm'], ['user', 'mock:u'], ['channel', 'mock:c']])
    assert.deepEqual(counts, {
      answered: 1, interrupted: 0, failed: 0, stopped: 0, refused: 0, promptTokens: 8, answerTokens: 2,
      firstTexts: 1, firstTextMs: 20, timed: 1, totalMs: 30,
    })
  })

  for (const result of ['interrupted', 'failed', 'stopped', 'refused']) {
    it(`is the reason of a question that was ${result}, whose time does not count`, () => {
      emit('gemini/outcome', { result, reason: 'why', ...used }, message(true))
      const [[places, counts]] = counted
      assert.deepEqual(places.map(({ dimension, name }) => [dimension, name]), [
        ['model', ''], ['reason', `${result}:why`], ['user', 'mock:u'],
      ])
      assert.deepEqual([counts[result as 'failed'], counts.answered, counts.timed, counts.totalMs], [1, 0, 0, 0])
    })
  }

  it('is a rating in WeCom, with the question of its turn', async () => {
    const question = message(false, { turn: 'turn-1' })
    // The platform of the mock is not WeCom's.
    question.event.platform = 'wecom-bot'
    await reply(question, 'sent-1')
    const feedback = { id: 'turn-1', opinion: 'dislike', text: 'wrong', reasons: [1, 3] }
    emit('wecom-bot/feedback', { userId: 'u', feedback })
    assert.deepEqual(saved, [{
      platform: 'wecom-bot', answer: 'turn-1', user: 'u', opinion: 'bad', reasons: [1, 3], comment: 'wrong', question: 'Why so?',
    }])
  })

  it('is a rating in DingTalk, with the question that the card answers', async () => {
    await reply(message(false), 'card-1')
    emit('dingtalk-companion/feedback', session({ type: 'interaction/button', user: { id: 'u' } }), { isGood: true, messageId: 'card-1' })
    assert.deepEqual(saved.map(({ answer, opinion, question }) => [answer, opinion, question]), [['card-1', 'good', 'Why so?']])
  })

  it('has no text where texts are not logged', async () => {
    keepsText = false
    await reply(message(false), 'card-1')
    keepsText = true
    emit('dingtalk-companion/feedback', session({ type: 'interaction/button', user: { id: 'u' } }), { isGood: false, messageId: 'card-1' })
    keepsText = false
    emit('wecom-bot/feedback', { userId: 'u', feedback: { id: 't', opinion: 'like', text: 'fine', reasons: [] } })
    assert.deepEqual(saved.map(({ question, comment }) => question + comment), ['', ''])
  })
})

import assert from 'node:assert/strict'
import { until } from 'common/testing'
import * as example from '../../../../examples/meeting-room/src'
import { createApp, plain, RecordingBot } from '../support/app'
import type { TestApp } from '../support/app'
import { callsTools, fails, resultsIn, says } from '../support/engine'

describe('the example meeting-room', () => {
  let test: TestApp
  beforeEach(async () => {
    test = await createApp({ bot: RecordingBot, locales: ['en-US'], config: { userRate: 3 } })
    test.app.plugin(example)
    await until(() => !!test.app.$commander.get('invite'), 'the plugin')
  })
  afterEach(() => test.close())

  /** Asks as Alice, and says a word when the bot wants a confirmation. */
  async function ask(question: string, word?: string) {
    const done = test.client('alice').receive(question)
    if (word) {
      const confirmation = () => test.bot.sent.some(({ states }) => /book the meeting room/.test(plain(states.at(-1)!)))
      await until(confirmation, 'the confirmation')
      await test.client('alice').receive(word)
    }
    await done
    return test.bot.read('private:alice').at(-1)!
  }

  it('lets the assistant look up the free hours, and book one after asking', async () => {
    test.engine.respond(
      callsTools(['free_hours']), callsTools(['book_room', { hour: '10:00' }]), says('Booked.'),
      callsTools(['free_hours']), says('Nine or eleven.'),
    )
    assert.equal(await ask('Book ten if it is free', 'confirm'), 'Booked.')
    assert.equal(await ask('What is free now?'), 'Nine or eleven.')
    const [first, second, last] = [1, 2, 4].map(index => resultsIn(test.engine.requests[index]).at(-1)!)
    assert.match(first, /09:00.*10:00.*11:00/)
    assert.match(second, /10:00 is booked/)
    assert.match(last, /"09:00","11:00"/)
  })

  it('books nothing without a confirmation', async () => {
    test.engine.respond(callsTools(['book_room', { hour: '09:00' }]), says('Not booked.'), callsTools(['free_hours']), says('All.'))
    assert.equal(await ask('Book nine', 'cancel'), 'Not booked.')
    await ask('What is free?')
    assert.match(resultsIn(test.engine.requests.at(-1)!).at(-1)!, /09:00/)
  })

  it('asks the assistant for an invitation, without tools and outside the conversation', async () => {
    test.engine.respond(says('Please come at ten.'))
    assert.deepEqual(await test.client('alice').receive('invite the new office'), ['Please come at ten.'])
    const [{ system, toolDeclarations }] = test.engine.requests
    assert.match(system!, /Write an invitation/)
    assert.equal(toolDeclarations, undefined)
    await test.client('alice').receive('hello')
    assert.doesNotMatch(JSON.stringify(test.engine.requests.at(-1)!.contents), /new office/)
  })

  it('says that the invitation failed, or which limit refused it', async () => {
    test.engine.respond(fails('server'))
    const client = test.client('alice')
    assert.deepEqual(await client.receive('invite lunch'), ['The invitation could not be written. Please try again later.'])
    await client.receive('invite lunch')
    await client.receive('invite lunch')
    assert.match((await client.receive('invite lunch'))[0], /3 messages per minute/)
  })
})

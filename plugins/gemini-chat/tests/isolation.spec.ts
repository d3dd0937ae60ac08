import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import { createApp, EditingBot } from './support/app'
import { piece, questionOf, says } from './support/engine'

const people = Array.from({ length: 50 }, (_, index) => `user-${index}`)

describe('fifty conversations at once', function() {
  this.timeout(30_000)

  for (const [name, prepare] of [['in memory', undefined], ['in a database', memory]] as const) {
    it(`do not mix ${name}`, async () => {
      const test = await createApp({
        bot: EditingBot,
        prepare: app => prepare && app.plugin(prepare as never),
      })
      try {
        // Answers of different speed, in pieces, so that they overlap.
        test.engine.respond((request) => {
          const question = questionOf(request)
          const wait = () => new Promise(resolve => setTimeout(resolve, question.length * 7 % 5))
          return [...piece(`answer to `), wait(), ...piece(question), wait(), ...says('!')]
        })
        // Half of them talk in the same group.
        const talk = people.map(async (person, index) => {
          const group = index % 2 ? 'group' : undefined
          const address = group ? '<at id="514"/> ' : ''
          const client = test.client(person, group)
          for (let turn = 0; turn < 4; turn++) await client.receive(`${address}${person} asks ${turn}`)
        })
        await Promise.all(talk)

        assert.equal(test.engine.requests.length, 200)
        for (const request of test.engine.requests) {
          const question = questionOf(request)
          const [, person, turn] = /^(user-\d+) asks (\d)$/.exec(question)!
          const said = request.contents.map(content => content.parts.map(part => part.text).join(''))
          const before = Array.from({ length: +turn }, (_, index) => `${person} asks ${index}`)
          assert.deepEqual(said, [...before.flatMap(text => [text, `answer to ${text}!`]), question])
        }
        for (const { channelId, states, options } of test.bot.sent) {
          const text = states.at(-1)!.join('')
          const person = /user-\d+/.exec(text)![0]
          assert.equal(options!.session!.userId, person)
          if (channelId !== 'group') assert.equal(channelId, `private:${person}`)
        }
        assert.equal(test.bot.sent.length, 200)
      } finally {
        await test.close()
      }
    })
  }
})

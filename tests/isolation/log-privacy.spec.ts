import assert from 'node:assert/strict'
import { withoutMessageText } from '../../bin/instance/log/privacy'

describe('withoutMessageText', () => {
  const statements: [string, string][] = [
    ['INSERT INTO `gemini_message` (`id`, `text`) VALUES (1, \'secret words\')', 'INSERT INTO `gemini_message`'],
    ['INSERT OR REPLACE INTO "user" VALUES (\'secret words\')', 'INSERT OR REPLACE INTO "user"'],
    ['UPDATE `channel` SET `name` = \'secret words\'', 'UPDATE `channel`'],
    ['DELETE FROM t WHERE text = \'secret words\'', 'DELETE FROM t'],
    ['SELECT \'secret words\' FROM t', ''],
    ['', ''],
  ]
  for (const [sql, shown] of statements) {
    it(`removes the values from ${sql || 'an empty statement'}`, () => {
      const [, text] = withoutMessageText('sqlite', ['> %s', sql, ['secret words']])
      assert.doesNotMatch(JSON.stringify(withoutMessageText('sqlite', ['> %s', sql, ['secret words']])), /secret/)
      assert.ok(String(text).startsWith(shown), String(text))
    })
  }

  it('keeps the stack of a failed chain or command without the message', () => {
    const { stack } = new TypeError('x is not a function')
    for (const name of ['session', 'command']) {
      const [text] = withoutMessageText(name, [`secret\nwords\n${stack}`]) as string[]
      assert.doesNotMatch(text, /secret|words/)
      assert.match(text, /TypeError: x is not a function\n\s+at /)
    }
  })

  it('does not change other entries', () => {
    for (const args of [['plain'], ['%s', 'x'], [new Error('x')], []]) assert.equal(withoutMessageText('app', args), args)
    const args = ['could not connect']
    assert.equal(withoutMessageText('sqlite', args), args)
    assert.equal(withoutMessageText('session', args), args)
  })
})

import assert from 'node:assert/strict'
import { ConsoleSessions, SESSION_LIFE_MS } from '../../bin/instance/console-gate/sessions'

describe('ConsoleSessions', () => {
  let now: number
  let saved: string

  beforeEach(() => {
    now = 1_700_000_000_000
    saved = ''
  })

  const create = (serialised?: string) => new ConsoleSessions(() => now, (text) => { saved = text }, serialised)

  it('finds a login by its token only', () => {
    const sessions = create()
    const token = sessions.create('https://bot.example.com')
    assert.equal(sessions.find(token)?.origin, 'https://bot.example.com')
    for (const wrong of [undefined, '', 'x', token.slice(1), `${token}x`, token.toUpperCase()]) {
      assert.equal(sessions.find(wrong), undefined)
    }
  })

  it('expires a login after a week', () => {
    const sessions = create()
    const token = sessions.create()
    now += SESSION_LIFE_MS - 1
    assert.ok(sessions.find(token))
    now += 1
    assert.equal(sessions.find(token), undefined)
  })

  it('revokes one login', () => {
    const sessions = create()
    const [one, other] = [sessions.create(), sessions.create()]
    sessions.revoke(sessions.find(one)!.key)
    assert.equal(sessions.find(one), undefined)
    assert.ok(sessions.find(other))
  })

  it('keeps the latest hundred logins', () => {
    const sessions = create()
    const tokens = Array.from({ length: 150 }, () => sessions.create())
    assert.equal(tokens.filter(token => sessions.find(token)).length, 100)
    assert.ok(sessions.find(tokens[149]))
  })

  it('saves no tokens, and restores saved logins', () => {
    const sessions = create()
    const [kept, revoked] = [sessions.create('http://localhost'), sessions.create()]
    sessions.revoke(sessions.find(revoked)!.key)
    assert.doesNotMatch(saved, new RegExp(kept))
    const restored = create(saved)
    assert.equal(restored.find(kept)?.origin, 'http://localhost')
    assert.equal(restored.find(revoked), undefined)
    now += SESSION_LIFE_MS
    assert.equal(create(saved).find(kept), undefined)
  })

  it('ignores malformed saved logins', () => {
    for (const text of ['', '{', 'undefined']) assert.equal(create(text).find('x'), undefined)
  })
})

import assert from 'node:assert/strict'
import { ConsoleSessions, SESSION_LIFE_MS } from '../../../bin/instance/console-gate/sessions'

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

  it('expires a login after a week, however far the clock is set back meanwhile', () => {
    for (const backMs of [3_600_000, 365 * 24 * 3_600_000]) {
      let monotonic = 5000
      const sessions = new ConsoleSessions(() => now, (text) => { saved = text }, undefined, () => monotonic)
      const token = sessions.create()
      now -= backMs
      monotonic += SESSION_LIFE_MS - 1
      assert.equal(sessions.find(token)!.remainingMs, 1)
      monotonic += 1
      assert.equal(sessions.find(token), undefined)
    }
  })

  it('restores a login for a week at most where the clock was set back while the instance was down', () => {
    let monotonic = 5000
    const token = create().create()
    now -= 30 * 24 * 3_600_000
    const restored = new ConsoleSessions(() => now, (text) => { saved = text }, saved, () => monotonic)
    assert.equal(restored.find(token)!.remainingMs, SESSION_LIFE_MS)
    monotonic += SESSION_LIFE_MS
    assert.equal(restored.find(token), undefined)
  })

  it('saves what is left of a login, not the moment by a clock that was set back', () => {
    let monotonic = 5000
    const sessions = new ConsoleSessions(() => now, (text) => { saved = text }, undefined, () => monotonic)
    const token = sessions.create()
    monotonic += SESSION_LIFE_MS / 2
    now -= 3_600_000
    sessions.create()
    const restored = new ConsoleSessions(() => now, () => {}, saved, () => 0)
    assert.equal(restored.find(token)!.remainingMs, SESSION_LIFE_MS / 2)
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

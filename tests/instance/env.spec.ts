import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TARGETS } from '../../bin/instance/settings/variables'
import { redact, VARIABLES, withoutBlank } from '../../bin/instance/env'
import { root } from '../support/instance'

const sorted = (names: Iterable<string>) => [...new Set(names)].sort()

describe('environment variables', () => {
  it('are removed if they are blank', () => {
    assert.deepEqual(withoutBlank({ PORT: '', HOST: ' ', PLATFORM: 'wecom' }), { PLATFORM: 'wecom' })
  })

  it('are kept if the instance does not use them', () => {
    assert.deepEqual(withoutBlank({ DEBUG: '', PORT: '' }), { DEBUG: '' })
  })

  it('are redacted if they are secret', () => {
    const env = { GEMINI_API_KEY: 'first-key, second-key', WECOM_BOT_TOKEN: 'token', PORT: '35000' }
    assert.equal(redact('port 35000: second-key and token', env), 'port 35000: *** and ***')
  })

  it('are redacted except for the host of a proxy', () => {
    const text = 'socks5h://me:p%40ss-word@127.0.0.1:1080 refused p@ss-word'
    const env = { SOCKS_PROXY: 'socks5h://me:p%40ss-word@127.0.0.1:1080' }
    assert.equal(redact(text, env), 'socks5h://***@127.0.0.1:1080 refused ***')
    assert.equal(redact('through socks5h://127.0.0.1:1080', { SOCKS_PROXY: 'socks5h://127.0.0.1:1080' }),
      'through socks5h://127.0.0.1:1080')
    assert.equal(redact('redis://:p%23word@redis:6379 refused p#word', { REDIS_URL: 'redis://:p%23word@redis:6379' }),
      'redis://***@redis:6379 refused ***')
    assert.equal(redact('%E0: me:a%E0bcd', { SOCKS_PROXY: 'http://me:a%E0bcd@host' }), '%E0: ***')
  })

  it('are applied to a setting, apart from the two of the launcher', () => {
    assert.deepEqual(sorted([...TARGETS.keys(), 'PLATFORM', 'KOISHI_ADMIN_PASSWORD']), sorted(VARIABLES))
  })

  for (const name of ['README.md', 'README.en.md']) {
    it(`are all in the table of ${name}`, async () => {
      const [table] = (await readFile(join(root, name), 'utf8')).match(/\n\| `PLATFORM`[^]*?\n\n/)!
      const found = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) => {
        const names = [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name)
        // `WECOM_BOT_WEBHOOK_KEY` / `_URL`
        return names.map(name => name.startsWith('_') ? names[0].replace(/_[A-Z]+$/, name) : name)
      })
      assert.deepEqual(sorted(found), sorted(VARIABLES))
    })
  }

  it('match those described in .env.example', async () => {
    const file = await readFile(join(root, '.env.example'), 'utf8')
    assert.deepEqual(sorted(file.match(/(?<=^(# )?)[A-Z_]+(?==)/gm)!), sorted(VARIABLES))
  })
})

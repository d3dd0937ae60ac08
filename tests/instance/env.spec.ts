import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { redact, variables, withoutBlank } from '../../bin/instance/env'
import { root } from '../support/instance'

const sorted = (names: Iterable<string>) => [...new Set(names)].sort()

describe('environment variables', () => {
  it('count as unset when they are blank', () => {
    assert.deepEqual(withoutBlank({ PORT: '', HOST: ' ', PLATFORM: 'wecom' }), { PLATFORM: 'wecom' })
  })

  it('are left alone when they are not ours', () => {
    assert.deepEqual(withoutBlank({ DEBUG: '', PORT: '' }), { DEBUG: '' })
  })

  it('are taken out of texts when they are secret', () => {
    const env = { GEMINI_API_KEY: 'first-key, second-key', WECOM_BOT_TOKEN: 'token', PORT: '35000' }
    assert.equal(redact('port 35000: second-key and token', env), 'port 35000: *** and ***')
  })

  it('keep the host of a proxy in texts, and neither its user nor its password', () => {
    const text = 'socks5h://me:p%40ss-word@127.0.0.1:1080 refused p@ss-word'
    const env = { SOCKS_PROXY: 'socks5h://me:p%40ss-word@127.0.0.1:1080' }
    assert.equal(redact(text, env), 'socks5h://***@127.0.0.1:1080 refused ***')
    assert.equal(redact('through socks5h://127.0.0.1:1080', { SOCKS_PROXY: 'socks5h://127.0.0.1:1080' }),
      'through socks5h://127.0.0.1:1080')
    assert.equal(redact('%E0: me:a%E0bcd', { SOCKS_PROXY: 'http://me:a%E0bcd@host' }), '%E0: ***')
  })

  it('are all read by koishi.yml, and it reads no others', async () => {
    const file = await readFile(join(root, 'koishi.yml'), 'utf8')
    assert.deepEqual(sorted(file.match(/(?<=env\.)\w+/g)!), sorted(variables))
  })

  it('are all explained in .env.example', async () => {
    const file = await readFile(join(root, '.env.example'), 'utf8')
    assert.deepEqual(sorted(file.match(/(?<=^(# )?)[A-Z_]+(?==)/gm)!), sorted(variables))
  })
})

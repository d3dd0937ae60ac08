import assert from 'node:assert/strict'
import { systemClock } from 'common/time'
import type { Resolve } from 'common/net'
import { fetchBytes } from '../../plugins/adapter-wecom-bot/src/media/download'
import { download } from '../../plugins/gemini-chat/src/media/download'

/** What each plugin says of a link in a message. */
const plugins: Record<string, (url: string, resolve?: Resolve) => Promise<unknown>> = {
  'adapter-wecom-bot': (url, resolve) => fetchBytes(url, { limit: 100, clock: systemClock, trusted: [], resolve }),
  'gemini-chat': (url, resolve) => download(url, { limit: 100, signal: new AbortController().signal, resolve }),
}

const hosts = [
  '127.0.0.1', '10.0.0.1', '169.254.169.254', '100.64.0.1', '2130706433', '[::1]', '[fd00::1]', '[fe80::1]',
  '[4000::1]', '[1::1]', '[200::1]', '[100:0:0:1::]', '[2002:7f00:1::]', '[::ffff:127.0.0.1]', '[::ffff:8.8.8.8]',
]

const names: Record<string, string[]> = {
  'a private address': ['192.168.1.1'],
  'a public and a private address': ['1.1.1.1', '10.0.0.1'],
  'a mapped address': ['::ffff:8.8.8.8'],
  'no address': [],
}

describe('links into private networks', () => {
  for (const [plugin, load] of Object.entries(plugins)) {
    for (const host of hosts) {
      it(`are refused by ${plugin}: ${host}`, async () => {
        await assert.rejects(load(`http://${host}:1/`), /the host is in a private network/)
      })
    }

    for (const [kind, addresses] of Object.entries(names)) {
      it(`are refused by ${plugin}: a name with ${kind}`, async () => {
        const found = addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
        const resolve: Resolve = (_, __, done) => done(null, found)
        await assert.rejects(load('http://name.example:1/', resolve), /the host is in a private network/)
      })
    }
  }
})

import assert from 'node:assert/strict'
import sqlite from '@koishijs/plugin-database-sqlite'
import type { Config } from '../../src'
import { createWorld, path } from '../support/world'
import { XmlClient } from '../support/xml'
import { app, XmlWorld } from '../support/xml-world'

describe('PassiveHandler: XML callbacks', () => {
  const xml = new XmlWorld()

  it('replies from the database to a repetition after a restart', async () => {
    const other = await createWorld(app => void app.plugin(sqlite as never, { path: ':memory:' } as never))
    let count = 0
    other.app.middleware(async (session) => {
      count++
      return session.content === 'never' ? new Promise<string>(() => {}) : 'answered'
    })
    try {
      const config: Partial<Config> = { ...app, apiEndpoint: xml.api.origin, storage: 'database', passiveReply: 200 }
      const first = other.add(config)
      xml.client = new XmlClient(other.origin + path, 'wwCORP')
      const [answered, never, event] = [xml.client.text('hi'), xml.client.text('never'), xml.client.event('enter_agent')]
      assert.equal((await xml.client.post(answered)).content, 'answered')
      assert.equal((await xml.client.post(never)).raw, '')
      await xml.client.post(event)
      await first.bot.services.stores.dispose()
      await first.dispose()
      other.add(config)
      assert.equal((await xml.client.post(answered)).content, 'answered')
      assert.match((await xml.client.post(never)).content!, /重启/)
      assert.equal((await xml.client.post(event)).raw, '')
      assert.equal(count, 2)
    } finally {
      await other.close()
      xml.dispose = async () => {}
    }
  })

  for (const [name, body] of Object.entries({
    'a document type': '<!DOCTYPE xml [<!ENTITY x "y">]><xml><Encrypt>x</Encrypt></xml>',
    'a document type that hides': '<xml a="<!--"><!DOCTYPE x>--><Encrypt>x</Encrypt></xml>',
    'another root': '<html><Encrypt>x</Encrypt></html>',
    'no ciphertext': '<xml><ToUserName>x</ToUserName></xml>',
    'ciphertext in ciphertext': '<xml><Encrypt><Encrypt>x</Encrypt></Encrypt></xml>',
    'too deep a nest': '<xml>'.repeat(100),
    'too many elements': `<xml>${'<a/>'.repeat(5000)}</xml>`,
    'too much': `<xml><Encrypt>${'A'.repeat(200_000)}</Encrypt></xml>`,
    'no end': '<xml><Encrypt><![CDATA[x',
  })) {
    it(`refuses ${name}`, async () => {
      xml.start({}, '')
      const response = await fetch(`${xml.world.origin}${path}?msg_signature=${'0'.repeat(40)}&timestamp=1&nonce=1`, { method: 'POST', body })
      assert.equal(response.status, 400)
      assert.equal(await response.text(), 'bad request')
    })
  }
})

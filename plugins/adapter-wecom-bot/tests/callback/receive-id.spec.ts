import assert from 'node:assert/strict'
import type { Surface } from '../../src'
import { decodeKey } from '../../src/protocol/crypto'
import { XmlWorld } from '../support/xml-world'

describe('the receive id of callbacks', () => {
  const xml = new XmlWorld()

  for (const receiveId of ['', 'wwCORP', 'wx5823bf96d3bd56c7', 'dk-1_2.x@y']) {
    it(`is not checked without a setting, and comes back: "${receiveId}"`, async () => {
      xml.start({}, receiveId)
      const client = xml.world.client({ receiveId })
      // The client refuses a reply for another receiver.
      assert.equal((await client.verify()).ok, true)
      assert.equal((await client.post(client.text('hi'))).reply!.stream!.content, 'you said hi')
    })
  }

  it('of a self-built app must be the corporation that its message names', async () => {
    xml.start()
    assert.equal((await xml.client.post(xml.client.text('hi'))).content, 'you said hi')
    for (const receiveId of ['wwOTHER', 'wwCOR', 'wwCORP0', '']) {
      assert.equal((await xml.client.post(xml.client.text('hi'), { receiveId })).status, 403, receiveId)
    }
    assert.equal(xml.sessions.length, 1)
  })

  it('does not let JSON of a bot pass as XML of an app, nor the reverse', async () => {
    xml.start()
    const bot = xml.world.client({ receiveId: 'wwCORP' })
    assert.equal((await xml.client.post(JSON.stringify(bot.text('hi')))).status, 400)
    assert.equal((await bot.post(xml.client.text('hi'))).status, 400)
    assert.equal(xml.sessions.length, 0)
  })

  it('is checked strictly if it is set', async () => {
    xml.start({ receiveId: 'wwCORP' })
    for (const receiveId of ['', 'wwCOR', 'wwcorp', 'wwOTHER']) {
      const client = xml.world.client({ receiveId })
      assert.equal((await client.verify()).ok, false, receiveId)
      assert.equal((await client.post(client.text('hi'))).status, 403, receiveId)
    }
    assert.equal(xml.sessions.length, 0)
  })

  it('is only empty or the corporation if corpId is set', async () => {
    xml.start({ corpId: 'wwCORP' })
    for (const [receiveId, isOk] of [['', true], ['wwCORP', true], ['wwOTHER', false]] as const) {
      assert.equal((await xml.world.client({ receiveId }).verify()).ok, isOk, receiveId)
    }
  })
})

describe('the event wecom-bot/surface', () => {
  const xml = new XmlWorld()

  it('tells what the Token is used by, once', async () => {
    const surfaces: Surface[] = []
    xml.world.app.on('wecom-bot/surface', surface => void surfaces.push(surface))
    for (const [expected, ask] of [
      ['app', () => xml.client.post(xml.client.text('hi'))],
      ['aibot', () => xml.world.client().post(xml.world.client().text('hi'))],
      ['robot', () => xml.client.post(xml.client.robotText('https://qyapi.weixin.qq.com/x', 'hi'))],
    ] as const) {
      xml.start()
      await xml.world.client({ receiveId: 'wwCORP' }).verify()
      await ask()
      await ask()
      assert.deepEqual(surfaces.splice(0), [expected])
      await xml.dispose()
    }
  })
})

describe('an EncodingAESKey', () => {
  const xml = new XmlWorld()

  for (const encodingAESKey of ['+'.repeat(42) + 'A', '/'.repeat(43), 'ab+cd/efghijklmnopqrstuvwxyz0123456789ABCDE']) {
    it(`of a generator is accepted with a warning: ${encodingAESKey}`, async () => {
      assert.equal(decodeKey(encodingAESKey).length, 32)
      xml.start({ encodingAESKey })
      const client = xml.world.client({ encodingAESKey })
      assert.equal((await client.verify()).ok, true)
      assert.match(xml.world.log.warnings[0], /only takes letters and digits/)
      assert(!xml.world.log.text.includes(encodingAESKey))
    })
  }

  for (const [value, message] of [
    ['A'.repeat(44), /got 44 characters/], ['', /got 0 characters/],
    ['A'.repeat(42) + '=', /character 43/], ['AA-' + 'A'.repeat(40), /character 3 /],
  ] as const) {
    it(`is refused with its length or its character: ${value}`, () => {
      assert.throws(() => decodeKey(value), { name: 'TypeError', message })
    })
  }
})

import assert from 'node:assert/strict'
import type { Config } from '../../src'
import { WebhookRegistry } from '../../src/push/webhook-registry'
import { FakeClock } from 'common/testing'

const apiEndpoint = 'https://qyapi.weixin.qq.com'

type Settings = Partial<Pick<Config, 'webhooks' | 'webhookKey' | 'webhookUrl'>>

function createWebhooks(config: Settings = {}, meet?: WebhookRegistry['recordGroup']) {
  const post = async () => ({ errcode: 0 })
  return new WebhookRegistry({ webhooks: {}, apiEndpoint, ...config }, post, new FakeClock(), meet)
}

/** Waits until the store has answered. */
const answered = () => new Promise(resolve => setImmediate(resolve))

describe('WebhookRegistry', () => {
  it('finds a configured webhook by key or URL', () => {
    const webhooks = createWebhooks({ webhooks: { A: 'KEY', B: 'https://example.com/hook', C: 'a b&c' } })
    assert.equal(webhooks.forChannel('A')!.url, `${apiEndpoint}/cgi-bin/webhook/send?key=KEY`)
    assert.equal(webhooks.forChannel('B')!.url, 'https://example.com/hook')
    assert.equal(webhooks.forChannel('C')!.url, `${apiEndpoint}/cgi-bin/webhook/send?key=a%20b%26c`)
    assert.equal(webhooks.forChannel('D'), undefined)
    assert.equal(webhooks.forChannel('a'), undefined)
  })

  it('shares one webhook per URL, so that its limit holds', () => {
    const webhooks = createWebhooks({ webhooks: { A: 'KEY', B: 'KEY' }, webhookKey: 'KEY' })
    assert.equal(webhooks.forChannel('A'), webhooks.forChannel('B'))
    assert.equal(webhooks.forChannel('A'), webhooks.forChannel('webhook'))
  })

  it('removes the oldest idle webhook beyond a thousand', () => {
    const webhooks = new WebhookRegistry({ webhooks: {}, apiEndpoint }, () => new Promise(() => {}), new FakeClock())
    const [idle, busy] = [webhooks.byUrl('idle'), webhooks.byUrl('busy')]
    void busy.send({})
    for (let count = 0; count < 998; count++) webhooks.byUrl(String(count))
    assert.deepEqual([webhooks.byUrl('idle'), webhooks.byUrl('busy')], [idle, busy])
    for (let count = 998; count < 2000; count++) webhooks.byUrl(String(count))
    assert.equal(webhooks.byUrl('busy'), busy)
    assert.notEqual(webhooks.byUrl('idle'), idle)
  })

  it('uses the default webhook for the only group, until a second one is known', async () => {
    const webhooks = createWebhooks({ webhookKey: 'DEFAULT', webhooks: { OWN: 'KEY' } })
    assert.equal(webhooks.forChannel('A'), undefined)
    webhooks.noteGroup(undefined)
    webhooks.noteGroup('OWN')
    webhooks.noteGroup('A')
    webhooks.noteGroup('A')
    await answered()
    assert.ok(webhooks.forChannel('A'))
    assert.equal(webhooks.forChannel('B'), undefined)
    webhooks.noteGroup('B')
    assert.equal(webhooks.forChannel('A'), undefined)
    await answered()
    assert.equal(webhooks.forChannel('A'), undefined)
    assert.equal(webhooks.forChannel('B'), undefined)
    webhooks.noteGroup('A')
    assert.equal(webhooks.forChannel('A'), undefined)
    assert.ok(webhooks.forChannel('OWN'))
    assert.ok(webhooks.forChannel('webhook'))
  })

  describe('with groups recorded before the start', () => {
    it('does not use the default webhook after a second group', async () => {
      const asked: string[] = []
      const webhooks = createWebhooks({ webhookKey: 'DEFAULT' }, async (chatId) => {
        asked.push(chatId)
        return ['A', 'B']
      })
      for (let round = 0; round < 3; round++) {
        webhooks.noteGroup('B')
        assert.equal(webhooks.forChannel('B'), undefined)
        await answered()
      }
      assert.equal(webhooks.forChannel('B'), undefined)
      assert.deepEqual(asked, ['B'])
    })

    it('uses the default webhook for the only recorded group, and loads groups once', async () => {
      const asked: string[] = []
      const webhooks = createWebhooks({ webhookKey: 'DEFAULT', webhooks: { OWN: 'KEY' } }, async (chatId) => {
        asked.push(chatId)
        return [chatId]
      })
      for (const chatId of ['OWN', 'A', 'A', 'A']) {
        webhooks.noteGroup(chatId)
        await answered()
      }
      assert.ok(webhooks.forChannel('A'))
      assert.deepEqual(asked, ['A'])
    })

    it('does not use the default webhook while groups cannot be loaded, and tries again', async () => {
      const answers = [undefined, undefined, ['A']]
      const webhooks = createWebhooks({ webhookKey: 'DEFAULT' }, async () => answers.shift())
      for (const isKnown of [false, false, true, true]) {
        webhooks.noteGroup('A')
        await answered()
        assert.equal(!!webhooks.forChannel('A'), isKnown)
      }
    })
  })

  it('never uses the default webhook for a single chat', async () => {
    const webhooks = createWebhooks({ webhookKey: 'DEFAULT' })
    webhooks.noteGroup('A')
    await answered()
    assert.equal(webhooks.forChannel('private:USERID'), undefined)
  })

  it('ignores inherited properties of the configuration', () => {
    const webhooks = createWebhooks({ webhookUrl: 'https://example.com/hook' })
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      assert.equal(webhooks.forChannel(name), undefined)
      webhooks.noteGroup(name)
    }
  })

  it('prefers webhookUrl to webhookKey', () => {
    const webhooks = createWebhooks({ webhookUrl: 'https://example.com/hook', webhookKey: 'KEY' })
    assert.equal(webhooks.forChannel('webhook')!.url, 'https://example.com/hook')
    assert.equal(createWebhooks({ webhookUrl: '', webhookKey: '' }).forChannel('webhook'), undefined)
  })
})

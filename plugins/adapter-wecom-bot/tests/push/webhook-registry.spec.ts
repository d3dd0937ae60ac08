import assert from 'node:assert/strict'
import type { Config } from '../../src'
import { Webhooks } from '../../src/push/webhook-registry'
import { FakeClock } from '../support/clock'

const apiEndpoint = 'https://qyapi.weixin.qq.com'

type Settings = Partial<Pick<Config, 'webhooks' | 'webhookKey' | 'webhookUrl'>>

function createWebhooks(config: Settings = {}, meet?: Webhooks['meet']) {
  return new Webhooks({ webhooks: {}, apiEndpoint, ...config }, async () => ({ errcode: 0 }), new FakeClock(), meet)
}

/** What the store is asked for has been answered. */
const answered = () => new Promise(resolve => setImmediate(resolve))

describe('the webhook of a chat', () => {
  it('is its own, by key or by address', () => {
    const webhooks = createWebhooks({ webhooks: { A: 'KEY', B: 'https://example.com/hook', C: 'a b&c' } })
    assert.equal(webhooks.of('A')!.url, `${apiEndpoint}/cgi-bin/webhook/send?key=KEY`)
    assert.equal(webhooks.of('B')!.url, 'https://example.com/hook')
    assert.equal(webhooks.of('C')!.url, `${apiEndpoint}/cgi-bin/webhook/send?key=a%20b%26c`)
    assert.equal(webhooks.of('D'), undefined)
    assert.equal(webhooks.of('a'), undefined)
  })

  it('is one for all who share it, so that its limit holds', () => {
    const webhooks = createWebhooks({ webhooks: { A: 'KEY', B: 'KEY' }, webhookKey: 'KEY' })
    assert.equal(webhooks.of('A'), webhooks.of('B'))
    assert.equal(webhooks.of('A'), webhooks.of('webhook'))
  })

  it('is forgotten with a thousand others, unless something waits for it', () => {
    const webhooks = new Webhooks({ webhooks: {}, apiEndpoint }, () => new Promise(() => {}), new FakeClock())
    const [idle, busy] = [webhooks.at('idle'), webhooks.at('busy')]
    void busy.send({})
    for (let count = 0; count < 998; count++) webhooks.at(String(count))
    assert.deepEqual([webhooks.at('idle'), webhooks.at('busy')], [idle, busy])
    for (let count = 998; count < 2000; count++) webhooks.at(String(count))
    assert.equal(webhooks.at('busy'), busy)
    assert.notEqual(webhooks.at('idle'), idle)
  })

  it('is the default one for the only group, until a second one is met', async () => {
    const webhooks = createWebhooks({ webhookKey: 'DEFAULT', webhooks: { OWN: 'KEY' } })
    assert.equal(webhooks.of('A'), undefined)
    webhooks.saw(undefined)
    webhooks.saw('OWN')
    webhooks.saw('A')
    webhooks.saw('A')
    await answered()
    assert.ok(webhooks.of('A'))
    assert.equal(webhooks.of('B'), undefined)
    webhooks.saw('B')
    assert.equal(webhooks.of('A'), undefined)
    await answered()
    assert.equal(webhooks.of('A'), undefined)
    assert.equal(webhooks.of('B'), undefined)
    webhooks.saw('A')
    assert.equal(webhooks.of('A'), undefined)
    assert.ok(webhooks.of('OWN'))
    assert.ok(webhooks.of('webhook'))
  })

  describe('where there were groups before the start', () => {
    it('is not the default one, although one group alone has spoken since', async () => {
      const asked: string[] = []
      const webhooks = createWebhooks({ webhookKey: 'DEFAULT' }, async (chatId) => {
        asked.push(chatId)
        return ['A', 'B']
      })
      for (let round = 0; round < 3; round++) {
        webhooks.saw('B')
        assert.equal(webhooks.of('B'), undefined)
        await answered()
      }
      assert.equal(webhooks.of('B'), undefined)
      assert.deepEqual(asked, ['B'])
    })

    it('is the default one where it was the only one, and it is asked once', async () => {
      const asked: string[] = []
      const webhooks = createWebhooks({ webhookKey: 'DEFAULT', webhooks: { OWN: 'KEY' } }, async (chatId) => {
        asked.push(chatId)
        return [chatId]
      })
      for (const chatId of ['OWN', 'A', 'A', 'A']) {
        webhooks.saw(chatId)
        await answered()
      }
      assert.ok(webhooks.of('A'))
      assert.deepEqual(asked, ['A'])
    })

    it('is not the default one while nobody can say, and it is asked again', async () => {
      const answers = [undefined, undefined, ['A']]
      const webhooks = createWebhooks({ webhookKey: 'DEFAULT' }, async () => answers.shift())
      for (const isKnown of [false, false, true, true]) {
        webhooks.saw('A')
        await answered()
        assert.equal(!!webhooks.of('A'), isKnown)
      }
    })
  })

  it('is never the default one of a single chat', async () => {
    const webhooks = createWebhooks({ webhookKey: 'DEFAULT' })
    webhooks.saw('A')
    await answered()
    assert.equal(webhooks.of('private:USERID'), undefined)
  })

  it('is not what every object has', () => {
    const webhooks = createWebhooks({ webhookUrl: 'https://example.com/hook' })
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      assert.equal(webhooks.of(name), undefined)
      webhooks.saw(name)
    }
  })

  it('prefers the address where the settings have both', () => {
    const webhooks = createWebhooks({ webhookUrl: 'https://example.com/hook', webhookKey: 'KEY' })
    assert.equal(webhooks.of('webhook')!.url, 'https://example.com/hook')
    assert.equal(createWebhooks({ webhookUrl: '', webhookKey: '' }).of('webhook'), undefined)
  })
})

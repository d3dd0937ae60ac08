import assert from 'node:assert/strict'
import { Webhooks } from '../src/webhooks'
import { FakeClock } from './support/clock'

const apiEndpoint = 'https://qyapi.weixin.qq.com'

function createWebhooks(config: { webhooks?: Record<string, string>, webhookKey?: string, webhookUrl?: string } = {}) {
  return new Webhooks({ webhooks: {}, apiEndpoint, ...config }, async () => ({ errcode: 0 }), new FakeClock())
}

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

  it('is the default one for the only group, until a second one is met', () => {
    const webhooks = createWebhooks({ webhookKey: 'DEFAULT', webhooks: { OWN: 'KEY' } })
    assert.equal(webhooks.of('A'), undefined)
    webhooks.saw(undefined)
    webhooks.saw('OWN')
    webhooks.saw('A')
    webhooks.saw('A')
    assert.ok(webhooks.of('A'))
    assert.equal(webhooks.of('B'), undefined)
    webhooks.saw('B')
    assert.equal(webhooks.of('A'), undefined)
    assert.equal(webhooks.of('B'), undefined)
    webhooks.saw('A')
    assert.equal(webhooks.of('A'), undefined)
    assert.ok(webhooks.of('OWN'))
    assert.ok(webhooks.of('webhook'))
  })

  it('is never the default one of a single chat', () => {
    const webhooks = createWebhooks({ webhookKey: 'DEFAULT' })
    webhooks.saw('A')
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

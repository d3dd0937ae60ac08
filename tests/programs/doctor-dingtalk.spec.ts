import assert from 'node:assert/strict'
import { createDingtalk, dingtalkErrors } from 'testkit'
import type { Dingtalk } from 'testkit'
import { examineDingtalk } from '../../bin/doctor/dingtalk'

describe('npm run doctor, for the app on DingTalk', () => {
  let dingtalk: Dingtalk

  beforeEach(async () => { dingtalk = await createDingtalk({ templates: ['ai.schema'] }) })
  afterEach(() => dingtalk.close())

  async function examine(env: Record<string, string> = {}) {
    const credentials = { DINGTALK_CLIENT_ID: dingtalk.appKey, DINGTALK_CLIENT_SECRET: dingtalk.appSecret }
    const findings: string[] = []
    const all = { ...credentials, DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint, ...env }
    for await (const { state, text: [path, params] } of examineDingtalk(all)) {
      const { scope } = (params ?? {}) as { scope?: string }
      findings.push([state, path.replace('doctor.dingtalk-', ''), scope].filter(Boolean).join(' '))
    }
    return findings
  }

  const template = { DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' }

  it('names the permissions, the Stream connection and the template, and sends nothing', async () => {
    assert.deepEqual(await examine(template), [
      'ok token', 'ok scope qyapi_robot_sendmsg', 'ok scope Card.Instance.Write', 'ok scope Card.Streaming.Write', 'ok stream',
    ])
    assert.deepEqual([dingtalk.cards, dingtalk.messages], [[], []])
  })

  it('checks no cards without a template', async () => {
    const findings = await examine({ DINGTALK_BUILT_IN_CARD: 'false' })
    assert.deepEqual(findings, ['ok token', 'ok scope qyapi_robot_sendmsg', 'note no-template', 'ok stream'])
  })

  it('checks the built-in template, which is used without one of its own', async () => {
    assert.deepEqual(await examine(), [
      'ok token', 'ok scope qyapi_robot_sendmsg', 'ok scope Card.Instance.Write', 'ok scope Card.Streaming.Write',
      'note built-in-template', 'ok stream',
    ])
    assert.deepEqual([dingtalk.cards, dingtalk.messages], [[], []])
  })

  for (const scope of ['Card.Instance.Write', 'Card.Streaming.Write']) {
    it(`takes it for no problem that the built-in template lacks ${scope}`, async () => {
      dingtalk.meter.missing.add(scope)
      const findings = await examine()
      assert.ok(findings.includes(`note scope-missing ${scope}`), findings.join())
      assert.ok(!findings.some(text => text.startsWith('problem')), findings.join())
    })
  }

  it('says that the built-in template is gone', async () => {
    dingtalk.fail('createAndDeliver', dingtalkErrors.invalid('templateNotExist', 'card template is not exist'))
    assert.ok((await examine()).includes('note template-unknown'))
  })

  it('stops at a wrong secret', async () => {
    assert.deepEqual(await examine({ DINGTALK_CLIENT_SECRET: 'wrong' }), ['problem token-failed'])
  })

  for (const scope of ['qyapi_robot_sendmsg', 'Card.Instance.Write', 'Card.Streaming.Write']) {
    it(`finds that a permission is missing: ${scope}`, async () => {
      dingtalk.meter.missing.add(scope)
      assert.deepEqual((await examine(template)).filter(text => text.startsWith('problem')), [`problem scope-missing ${scope}`])
    })
  }

  it('finds that the template does not exist', async () => {
    const findings = await examine({ DINGTALK_CARD_TEMPLATE_ID: 'other.schema' })
    assert.deepEqual(findings.filter(text => text.startsWith('problem')), ['problem template-unknown'])
  })

  it('finds that the Stream connection is refused', async () => {
    dingtalk.fail('open', dingtalkErrors.wrongSecret())
    assert.ok((await examine()).includes('problem stream-failed'))
  })

  it('says that DingTalk cannot be reached', async () => {
    assert.deepEqual(await examine({ DINGTALK_API_ENDPOINT: 'http://127.0.0.1:1/v1.0/' }), ['note unreachable'])
  })
})

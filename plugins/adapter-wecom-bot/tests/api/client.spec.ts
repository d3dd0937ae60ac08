import assert from 'node:assert/strict'
import { HTTP } from '@koishijs/plugin-http'
import { Context } from 'koishi'
import type { Wecom } from 'testkit'
import { createWecom } from 'testkit'
import { WecomApiError, callApi, createPost } from '../../src/api/client'
import { throughKoishi } from '../../src/api/http'
import { freePort } from '../support/world'

describe('callApi', () => {
  let app: Context
  let wecom: Wecom
  let post: ReturnType<typeof createPost>

  before(async () => {
    wecom = await createWecom()
    app = new Context()
    app.plugin(HTTP as never)
    await app.start()
    post = createPost(throughKoishi(app.http))
  })

  after(async () => {
    await app.stop()
    await wecom.close()
  })

  const body = { msgtype: 'markdown', markdown: { content: 'the content' } }

  async function fail(url = wecom.issueResponseUrl()) {
    const error = await callApi(post, url, body).then(() => assert.fail('succeeded'), error => error)
    assert.ok(error instanceof WecomApiError, String(error))
    for (const secret of ['response_code', 'the content', '127.0.0.1', 'KEY']) {
      assert.ok(!error.message.includes(secret), error.message)
    }
    return error
  }

  it('succeeds with errcode 0', async () => {
    assert.deepEqual(await callApi(post, wecom.issueResponseUrl(), body), { errcode: 0, errmsg: 'ok' })
    assert.deepEqual(wecom.responses.at(-1)!.body, body)
  })

  it('fails as refused with another errcode, whatever the HTTP status', async () => {
    for (const errcode of [40008, 45009, -1, 93000]) {
      wecom.fail('response', { errcode })
      const { failure, errcode: code } = await fail()
      assert.deepEqual([failure, code], ['refused', errcode])
    }
    for (const status of [400, 403, 500]) {
      wecom.fail('response', { status, body: '{"errcode":40008,"errmsg":"the content"}' })
      assert.deepEqual([(await fail()).failure], ['refused'])
    }
    wecom.fail('response', { status: 500, body: '{"errcode":0}' })
    await callApi(post, wecom.issueResponseUrl(), body)
  })

  it('fails as unsent without a connection', async () => {
    assert.equal((await fail(`http://127.0.0.1:${await freePort()}/cgi-bin?key=KEY`)).failure, 'unsent')
    assert.equal((await fail('http://nowhere.invalid/cgi-bin?key=KEY')).failure, 'unsent')
  })

  it('fails as unconfirmed without a complete response', async () => {
    for (const failure of [
      { reset: true as const }, { status: 502, body: '<html>' }, { status: 200, body: '' }, { status: 200, body: 'null' },
      { status: 200, body: '[]' }, { status: 200, body: '{}' }, { status: 302, headers: { location: wecom.webhookUrl() } },
    ]) {
      wecom.fail('response', failure)
      assert.equal((await fail()).failure, 'unconfirmed', JSON.stringify(failure))
    }
    assert.equal(wecom.webhooks.length, 0)
  })

  it('says in the message what an operator can do', async () => {
    wecom.fail('response', { errcode: 93000 })
    assert.match((await fail()).message, /errcode 93000.*webhook is invalid/)
  })
})

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { createGemini, createToken, decodeKey, decrypt, encrypt, scenarios, sign, WecomClient } from 'testkit'
import type { Gemini } from 'testkit'
import { Instance } from '../support/instance'

const token = createToken()
/** As the guide makes it: 43 characters of base64, with + and /. */
const encodingAESKey = Buffer.from('fbefbefbefbe0102030405060708090a0b0c0d0e0f10ff3fff3fff3fff3fff3f', 'hex').toString('base64').slice(0, 43)
const corpId = 'ww5823bf96d3bd56c7'

/** The file of the guide for the Python bot, with the two values filled in. */
const guide = `# 企业微信机器人回调验签配置
WECOM_BOT_TOKEN=${token}
WECOM_BOT_ENCODING_AES_KEY=${encodingAESKey}
# 可选：严格校验 receive_id，不确定时留空
WECOM_BOT_RECEIVE_ID=
# 机器人发消息 webhook（二选一）
WECOM_BOT_WEBHOOK_KEY=your_wecom_bot_webhook_key
# WECOM_BOT_WEBHOOK_URL=https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=xxx
# 回包模式:
# - response_url: 主动回复（稳定，群聊不支持流式卡片）
# - passive_stream: 被动回包（支持 stream / stream_with_template_card）
WECOM_BOT_REPLY_MODE=passive_stream
# 被动流式样式（仅 passive_stream 生效）
WECOM_BOT_STREAM_STYLE=stream_with_template_card

# 平台选择
PLATFORM=both  # dingtalk | wecom | both
`

async function bodyOf(request: IncomingMessage) {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>
}

/** The app's API: issues a token, and keeps what is sent. */
async function createApi() {
  const sent: Record<string, unknown>[] = []
  const server = createServer(async (request, response) => {
    if (request.url!.includes('message/send')) sent.push(await bodyOf(request))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ errcode: 0, errmsg: 'ok', access_token: 'T', expires_in: 7200, msgid: 'm' }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return { sent, origin: `http://127.0.0.1:${port}`, close: () => void server.close() }
}

describe('the .env of the guide for the Python bot, unchanged', function() {
  this.timeout(240_000)

  let gemini: Gemini
  let instance: Instance
  before(async () => {
    assert.match(encodingAESKey, /\+.*\/|\/.*\+/)
    gemini = await createGemini()
    instance = await start()
  })
  after(async () => {
    await instance?.close()
    await gemini?.close()
  })

  async function start(env: Record<string, string> = {}, after?: Instance) {
    const files = { '.env': `${guide}GEMINI_API_KEY=spec-key\nGEMINI_BASE_URL=${gemini.url}\n` }
    return (await Instance.start({ files, env, after })).ready()
  }

  function client(receiveId = '') {
    const url = `http://127.0.0.1:${instance.port}/api/wecom/callback`
    // A clock that stands still: how fast this machine responds is not the subject here.
    const at = Date.now()
    return new WecomClient({ url, token, encodingAESKey, receiveId, pollInterval: 30, now: () => at })
  }

  let serial = 0

  /** Sends a message as the self-built app does. @returns the text of the passive reply; empty if there is none */
  async function postAsApp(text: string): Promise<string> {
    const xml = `<xml><ToUserName><![CDATA[${corpId}]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>`
      + `<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${text}]]></Content>`
      + `<MsgId>${Date.now()}${++serial}</MsgId><AgentID>1000002</AgentID></xml>`
    const key = decodeKey(encodingAESKey)
    const encrypted = encrypt(key, xml, corpId)
    const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), String(serial)]
    const query = new URLSearchParams({ msg_signature: sign(token, timestamp, nonce, encrypted), timestamp, nonce })
    const response = await fetch(`http://127.0.0.1:${instance.port}/api/wecom/callback?${query}`, {
      method: 'POST',
      body: `<xml><ToUserName><![CDATA[${corpId}]]></ToUserName><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
    })
    assert.equal(response.status, 200)
    const [, ciphertext] = /<Encrypt>(?:<!\[CDATA\[)?([\w+/=]+)/.exec(await response.text()) ?? []
    if (!ciphertext) return ''
    const reply = decrypt(key, ciphertext)
    assert.equal(reply.receiveId, corpId)
    return /<Content><!\[CDATA\[([^]*?)\]\]>/.exec(reply.message)![1]
  }

  it('starts, and warns that the console may not take the key', () => {
    assert.match(instance.output, /^! WECOM_BOT_ENCODING_AES_KEY .*\n {2}WECOM_BOT_ENCODING_AES_KEY contains \+ or \//)
    assert.match(instance.output, /WeCom: on/)
    assert.doesNotMatch(instance.output, /✗/)
    assert(!instance.output.includes(token) && !instance.output.includes(encodingAESKey))
  })

  it('verifies the URL for the bot and for the app', async () => {
    for (const receiveId of ['', corpId]) assert.equal((await client(receiveId).verify()).ok, true, receiveId)
  })

  it('streams to an intelligent bot, with a card', async () => {
    gemini.respond(scenarios.text('你好，', '我是机器人'))
    let last
    for await (const frame of client().ask('你好')) last = frame
    assert.equal(last?.content, '你好，我是机器人')
    await instance.prints('last used by an intelligent bot')
  })

  it('replies to a self-built app', async () => {
    gemini.respond(scenarios.text('应用你好'))
    assert.equal(await postAsApp('你好'), '应用你好')
  })

  it('reports what the Token is used by at the next start', async () => {
    instance.process.kill('SIGTERM')
    await instance.exited
    const api = await createApi()
    const app = { WECOM_CORP_ID: corpId, WECOM_AGENT_ID: '1000002', WECOM_SECRET: 'app-secret' }
    instance = await start({ ...app, WECOM_BOT_API_ENDPOINT: api.origin }, instance)
    assert.match(instance.output, /this Token was last used by (an intelligent bot|a self-built app)/)
    try {
      let release = () => {}
      gemini.respond(scenarios.text('慢慢', new Promise<void>((resolve) => { release = resolve }), '来'))
      assert.doesNotMatch(await postAsApp('慢一点'), /慢慢来/)
      release()
      for (let waited = 0; waited < 10_000 && !api.sent.length; waited += 50) {
        await new Promise(resolve => setTimeout(resolve, 50))
      }
      assert.match(JSON.stringify(api.sent), /zhangsan.*慢慢来/)
    } finally {
      api.close()
    }
  })
})

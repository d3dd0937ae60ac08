import assert from 'node:assert/strict'
import { startupReport } from '../../bin/instance/startup-report'
import type { RunningPlugins } from '../../bin/instance/startup-report'
import type { Surface } from '../../bin/instance/surfaces'
import { formatLine } from '../../bin/instance/bilingual'

const server = { host: '127.0.0.1', port: 35000 }
const all: RunningPlugins = {
  server: { ...server, selfUrl: 'https://bot.example.com' },
  console: { uiPath: '/console' },
  'adapter-wecom-bot': { path: '/api/wecom/callback' },
  'adapter-dingtalk': { protocol: 'ws' },
  'dingtalk-companion': {},
  'gemini-chat': { apiKeys: ['hunter2'], model: 'gemini-3.8-flash', proxy: 'socks5h://u:hunter2@10.0.0.1' },
}

function text(running: RunningPlugins, env: Record<string, string> = {}) {
  return startupReport(running, env).map(formatLine).join('\n')
}

function warnings(running: RunningPlugins, env: Record<string, string> = {}) {
  return startupReport(running, env).filter(line => line.mark === '!').map(line => line.en)
}

describe('startupReport', () => {
  it('has only ticks if everything is configured', () => {
    assert.deepEqual(startupReport(all, {}).map(line => line.mark), ['✓', '✓', '✓', '✓'])
  })

  it('prints every line in Chinese and English', () => {
    for (const { zh, en } of startupReport({ server }, {})) {
      assert.match(zh, /[\u4e00-\u9fff]/)
      assert.doesNotMatch(en, /[\u4e00-\u9fff]/)
    }
    assert.match(formatLine({ mark: '✓', zh: '好', en: 'good' }), /^✓ 好\n {2}good$/)
  })

  it('says what the Token was last used by, and what that can do', () => {
    const report = (surface: Surface, settings = {}) => {
      const running = { ...all, 'adapter-wecom-bot': { path: '/x', token: 'hunter2', ...settings } }
      return startupReport(running, {}, { seen: { surface, at: '2026-01-01T00:00:00Z' } })[1]
    }
    assert.match(report('aibot').en, /used by an intelligent bot: groups, streaming and cards work/)
    assert.match(report('robot').en, /used by a legacy group robot: no streaming/)
    const app = { corpId: 'ww1', agentId: '1', secret: 'hunter2' }
    assert.match(report('app', app).en, /used by a self-built app: .*without streaming; .* are sent by the app/)
    assert.equal(report('app', app).mark, '✓')
    for (const name of ['corpId', 'agentId', 'secret']) {
      const { mark, en } = report('app', { ...app, [name]: undefined })
      assert.equal(mark, '!')
      assert.match(en, /are lost\. Set WECOM_CORP_ID, WECOM_AGENT_ID and WECOM_SECRET\./)
      assert.doesNotMatch(en, /hunter2/)
    }
  })

  it('says how many instances share their state', () => {
    const report = (shared: object) => startupReport(all, {}, { shared: shared as never }).slice(4)
    assert.deepEqual(report({ isShared: false, isDegraded: false, instances: ['a'] }), [])
    const [alone] = report({ isShared: true, isDegraded: false, instances: ['a'] })
    assert.match(`${alone.mark} ${alone.en}`, /^✓ Redis: connected, 1 instance shares/)
    const [three] = report({ isShared: true, isDegraded: false, instances: ['a', 'b', 'c'] })
    assert.match(three.zh, /现在有 3 个实例/)
    const [away] = report({ isShared: true, isDegraded: true, instances: ['a'] })
    assert.match(`${away.mark} ${away.en}`, /^! Redis: does not answer/)
  })

  it('says which mode of WeCom runs, and why', () => {
    const report = (settings: object) => text({ ...all, 'adapter-wecom-bot': { path: '/x', ...settings } })
    const socket = { botId: 'BOT', botSecret: 'hunter2' }
    assert.match(report(socket), /WeCom: on, long connection \(BOT\), no public address needed, because only BotID and/)
    assert.match(report({ ...socket, token: 'hunter2', mode: 'websocket' }), /as WECOM_BOT_MODE[^]*a Token is set as well/)
    assert.match(report({ ...socket, token: 'hunter2' }), /callbacks are used, because a Token is set/)
    assert.match(report({ ...socket, token: 'hunter2', mode: 'callback' }), /callbacks are used, as WECOM_BOT_MODE/)
    assert.doesNotMatch(report(socket), /hunter2|SELF_URL/)
  })

  it('contains the complete callback URL', () => {
    assert.match(text(all), / https:\/\/bot\.example\.com\/api\/wecom\/callback\n/)
    assert.match(text({ ...all, 'adapter-wecom-bot': { path: '/wx' } }), / https:\/\/bot\.example\.com\/wx\n/)
  })

  it('contains the local address and mentions SELF_URL if it is not set', () => {
    const found = text({ ...all, server })
    assert.match(found, /http:\/\/127\.0\.0\.1:35000\/api\/wecom\/callback/)
    assert.match(found, /https:\/\/your-domain\/api\/wecom\/callback/)
    assert.match(found, /SELF_URL is not set/)
  })

  it('replaces a wildcard address by a loopback one', () => {
    assert.match(text({ ...all, server: { host: '0.0.0.0', port: 80 } }), /http:\/\/127\.0\.0\.1:80\/api/)
    assert.match(text({ ...all, server: { host: 'fd00::8', port: 80 } }), /http:\/\/\[fd00::8\]:80\/api/)
  })

  for (const [selfUrl, message] of [
    ['http://bot.example.com', /starts with http:/],
    ['https://203.0.113.7', /is an IP address/],
    ['https://[2001:db8::7]:8443', /is an IP address/],
    ['https://localhost:35000', /is a local address/],
    ['https://127.0.0.1', /is a local address/],
  ] as const) {
    it(`warns about SELF_URL=${selfUrl}`, () => {
      const found = warnings({ ...all, server: { ...server, selfUrl } })
      assert.equal(found.length, 1)
      assert.match(found[0], message)
    })
  }

  it('names the variables that enable a platform', () => {
    const found = text({ server, console: {} })
    assert.match(found, /WeCom: off\. Set WECOM_BOT_TOKEN and WECOM_BOT_ENCODING_AES_KEY/)
    assert.match(found, /DingTalk: off\. Set DINGTALK_CLIENT_ID and DINGTALK_CLIENT_SECRET/)
    assert.match(found, /No platform is on/)
  })

  it('mentions PLATFORM if it disables a platform', () => {
    assert.match(text({ server, 'adapter-dingtalk': { protocol: 'ws' } }, { PLATFORM: 'dingtalk' }), /WeCom: off \(PLATFORM=dingtalk\)/)
    assert.match(text({ server, 'adapter-wecom-bot': {} }, { PLATFORM: 'wecom' }), /DingTalk: off \(PLATFORM=wecom\)/)
  })

  it('distinguishes Stream mode and HTTP mode', () => {
    assert.match(text(all), /Stream mode, no public address needed/)
    assert.match(text({ ...all, 'adapter-dingtalk': { protocol: 'http' } }), /https:\/\/bot\.example\.com\/dingtalk/)
  })

  it('explains how to load dingtalk-companion if it is missing', () => {
    assert.deepEqual(warnings(all), [])
    const [warning] = warnings({ ...all, 'dingtalk-companion': undefined })
    assert.match(warning, /^dingtalk-companion is not loaded: .*Add it to koishi\.yml after adapter-dingtalk.*gemini-chat\.dingtalk/)
  })

  it('mentions a missing API key', () => {
    assert.match(warnings({ ...all, 'gemini-chat': { apiKeys: [] } })[0], /GEMINI_API_KEY is missing/)
  })

  it('describes the services besides Gemini, without their secrets', () => {
    const openai = { openaiBaseUrl: 'https://user:hunter2@llm.example.com/v1', openaiModel: 'qwen3', openaiApiKeys: ['hunter2'] }
    const only = { ...all, 'gemini-chat': { apiKeys: [], ...openai } }
    assert.deepEqual(warnings(only), [])
    assert.match(text(only), /service \(llm\.example\.com\): model qwen3, without a proxy\.[^]*Gemini: no key, not used/)
    assert.doesNotMatch(text(only), /hunter2/)
    assert.match(text({ ...all, 'gemini-chat': { apiKeys: ['k'], ...openai } }), /model qwen3[^]*Gemini: model/)
    assert.match(warnings({ ...all, 'gemini-chat': { ...openai, openaiModel: '' } })[0], /OPENAI_MODEL is missing/)
    assert.match(warnings({ ...all, 'gemini-chat': { apiKeys: ['k'], openaiModel: 'm' } })[0], /OPENAI_MODEL is set without/)
    assert.match(text({ ...all, 'gemini-chat': { providers: [{ name: 'deepseek' }] } }), /More model services: deepseek\./)
  })

  it('mentions the proxy without its address', () => {
    assert.match(text(all), /through SOCKS_PROXY/)
    assert.match(text({ ...all, 'gemini-chat': { apiKeys: ['k'], model: 'm' } }), /without a proxy/)
    assert.doesNotMatch(text(all), /hunter2|10\.0\.0\.1/)
  })

  it('contains the address of the console, or why it is off', () => {
    assert.match(text(all), /http:\/\/127\.0\.0\.1:35000\/console , without a password/)
    assert.match(text(all, { KOISHI_ADMIN_PASSWORD: 'secret' }), /log in with the password in KOISHI_ADMIN_PASSWORD/)
    assert.doesNotMatch(text(all, { KOISHI_ADMIN_PASSWORD: 'secret' }), /secret/)
    const open = { ...all, server: { host: '0.0.0.0', port: 35000 }, console: undefined }
    assert.match(text(open), /HOST=0\.0\.0\.0 is not a loopback address.*Set KOISHI_ADMIN_PASSWORD/)
    assert.match(text(open, { KOISHI_ADMIN_PASSWORD: 'x' }), /Console: off\./)
    assert.match(text({ ...all, console: undefined }), /Console: off\./)
  })

  it('supports an instance without a server', () => {
    assert.match(text({ 'adapter-dingtalk': { protocol: 'ws' } }), /Console: off\./)
  })
})

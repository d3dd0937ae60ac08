import assert from 'node:assert/strict'
import { validateEnv } from '../../bin/instance/validate-env'

const key = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'

function problems(env: Record<string, string>) {
  return validateEnv(env).map(text => text.en)
}

describe('validateEnv', () => {
  it('accepts an empty environment', () => {
    assert.deepEqual(validateEnv({}), [])
  })

  it('accepts valid values of all variables', () => {
    assert.deepEqual(validateEnv({
      PLATFORM: 'both', HOST: '0.0.0.0', PORT: '35000', SELF_URL: 'https://bot.example.com',
      WECOM_BOT_TOKEN: 'QDG6eK', WECOM_BOT_ENCODING_AES_KEY: key, WECOM_BOT_RECEIVE_ID: 'wx5823bf96d3bd56c7',
      WECOM_BOT_ID: 'aibQ', WECOM_BOT_NAME: '小助手', WECOM_BOT_PATH: '/api/wecom/callback',
      WECOM_BOT_REPLY_MODE: 'passive_stream', WECOM_BOT_STREAM_STYLE: 'stream_with_template_card',
      WECOM_BOT_WEBHOOK_KEY: '693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa',
      WECOM_BOT_API_ENDPOINT: 'https://qyapi.weixin.qq.com',
      WECOM_BOT_TRUSTED_HOSTS: 'wecom.example.com, 10.0.0.8:8443,[fd00::8]:443',
      DINGTALK_CLIENT_ID: 'dingxxx', DINGTALK_CLIENT_SECRET: 's-_3cret', DINGTALK_AGENT_ID: '123456789',
      DINGTALK_PROTOCOL: 'ws', DINGTALK_STREAMING: 'economy', DINGTALK_CARD_TEMPLATE_ID: 'x.schema',
      DINGTALK_API_ENDPOINT: 'https://api.dingtalk.com/v1.0', GEMINI_API_KEY: 'AIzaOne, AIzaTwo',
      GEMINI_MODEL: 'gemini-3.8-flash', GEMINI_BASE_URL: 'https://relay.example.com/gemini',
      OPENAI_BASE_URL: 'http://10.0.0.8:11434/v1', OPENAI_API_KEY: 'sk-one, sk-two', OPENAI_MODEL: 'Qwen/Qwen3-32B',
      SOCKS_PROXY: 'socks5h://user:p%40ss@127.0.0.1:1080', REDIS_URL: 'rediss://:p%23ss@redis.internal:6379/0',
      KOISHI_ADMIN_PASSWORD: '口令',
      KOISHI_ADMINS: 'wecom-bot:ZhangSan, dingtalk:$:LWCP_v1:$abc=',
    }), [])
  })

  const invalid: [string, Record<string, string>, RegExp][] = [
    ['an operator without a platform', { KOISHI_ADMINS: 'wecom-bot:a,ZhangSan' }, /^KOISHI_ADMINS takes platform:user id/],
    ['an unknown platform', { PLATFORM: 'WeCom' }, /^PLATFORM .*dingtalk, wecom, both/],
    ['an unknown reply mode', { WECOM_BOT_REPLY_MODE: 'stream' }, /^WECOM_BOT_REPLY_MODE .*passive_stream, response_url/],
    ['an unknown stream style', { WECOM_BOT_STREAM_STYLE: 'card' }, /^WECOM_BOT_STREAM_STYLE .*stream_with_template_card/],
    ['an unknown DingTalk protocol', { DINGTALK_PROTOCOL: 'wss' }, /^DINGTALK_PROTOCOL .*ws, http/],
    ['an unknown DingTalk streaming mode', { DINGTALK_STREAMING: 'on' }, /^DINGTALK_STREAMING .*live, economy, off/],
    ['port 0', { PORT: '0' }, /^PORT must be .* 1 to 65535/],
    ['a port that is too big', { PORT: '65536' }, /^PORT /],
    ['a port that is not a number', { PORT: '35000/tcp' }, /^PORT /],
    ['a path without a slash in front', { WECOM_BOT_PATH: 'api/wecom/callback' }, /^WECOM_BOT_PATH must start with \//],
    ['the root as path', { WECOM_BOT_PATH: '/' }, /^WECOM_BOT_PATH must start with/],
    ['a path with a query', { WECOM_BOT_PATH: '/callback?bot=1' }, /^WECOM_BOT_PATH must start with/],
    ['a path with a pattern in it', { WECOM_BOT_PATH: '/:bot' }, /^WECOM_BOT_PATH must start with/],
    ['the path of the console', { WECOM_BOT_PATH: '/console' }, /^WECOM_BOT_PATH cannot be \/console: \/console is in use/],
    ['a path inside the console', { WECOM_BOT_PATH: '/console/wecom' }, /is in use/],
    ['the path of DingTalk', { WECOM_BOT_PATH: '/dingtalk', DINGTALK_PROTOCOL: 'http' }, /\/dingtalk is in use/],
    ['an address without a scheme', { SELF_URL: 'bot.example.com' }, /^SELF_URL .*https:\/\/bot\.example\.com/],
    ['an address with a query', { SELF_URL: 'https://bot.example.com/?x' }, /^SELF_URL /],
    ['an API address without a scheme', { WECOM_BOT_API_ENDPOINT: '10.0.0.8:8443' }, /^WECOM_BOT_API_ENDPOINT must be/],
    ['a base address that is no address', { GEMINI_BASE_URL: 'relay' }, /^GEMINI_BASE_URL must be/],
    ['an address without https://', { OPENAI_BASE_URL: 'api.deepseek.com/v1' }, /^OPENAI_BASE_URL must be a complete URL/],
    ['a key of OpenAI with a wide comma', { OPENAI_API_KEY: 'one，two' }, /^OPENAI_API_KEY contains a non-ASCII/],
    ['a proxy without a scheme', { SOCKS_PROXY: '127.0.0.1:1080' }, /^SOCKS_PROXY must look like socks5h:/],
    ['an address of Redis without a scheme', { REDIS_URL: 'redis:6379' }, /^REDIS_URL must look like redis:/],
    ['an address of another server', { REDIS_URL: 'http://redis:6379' }, /^REDIS_URL /],
    ['an unescaped # in the password of Redis', { REDIS_URL: 'redis://:p#w@redis:6379' }, /^REDIS_URL /],
    ['a proxy scheme that is not supported', { SOCKS_PROXY: 'ftp://127.0.0.1' }, /^SOCKS_PROXY /],
    ['an unescaped # in the proxy password', { SOCKS_PROXY: 'socks5://u:p#w@127.0.0.1:1080' }, /^SOCKS_PROXY /],
    ['a trusted host with a scheme', { WECOM_BOT_TRUSTED_HOSTS: 'a.example.com,https://b.example.com' },
      /^WECOM_BOT_TRUSTED_HOSTS must be a comma-separated list of host or host:port/],
    ['a token without a key', { WECOM_BOT_TOKEN: 'x' }, /^WECOM_BOT_TOKEN is set, but WECOM_BOT_ENCODING_AES_KEY is not/],
    ['a key without a token', { WECOM_BOT_ENCODING_AES_KEY: key },
      /^WECOM_BOT_ENCODING_AES_KEY is set, but WECOM_BOT_TOKEN is not/],
    ['a key of 42 characters', { WECOM_BOT_TOKEN: 'x', WECOM_BOT_ENCODING_AES_KEY: key.slice(1) },
      /must be 43 letters or digits, but has 42 characters/],
    ['a key in quotes', { WECOM_BOT_TOKEN: 'x', WECOM_BOT_ENCODING_AES_KEY: `"${key}"` }, /but has 45 characters/],
    ['a key with a sign in it', { WECOM_BOT_TOKEN: 'x', WECOM_BOT_ENCODING_AES_KEY: key.slice(1) + '=' }, /43 letters/],
    ['a token with a space', { WECOM_BOT_TOKEN: 'a b', WECOM_BOT_ENCODING_AES_KEY: key }, /^WECOM_BOT_TOKEN contains/],
    ['both webhook settings', { WECOM_BOT_WEBHOOK_KEY: 'k', WECOM_BOT_WEBHOOK_URL: 'https://a.example.com/?key=k' },
      /WECOM_BOT_WEBHOOK_KEY and WECOM_BOT_WEBHOOK_URL are both set/],
    ['an address as webhook key', { WECOM_BOT_WEBHOOK_KEY: 'https://qyapi.weixin.qq.com/x?key=k' },
      /^WECOM_BOT_WEBHOOK_KEY is only the part after key=/],
    ['a DingTalk id without its secret', { DINGTALK_CLIENT_ID: 'x' }, /DINGTALK_CLIENT_SECRET is not/],
    ['an agent id that is not a number', { DINGTALK_AGENT_ID: 'agent' }, /^DINGTALK_AGENT_ID must be a number/],
    ['keys separated by a wide comma', { GEMINI_API_KEY: 'one，two' }, /^GEMINI_API_KEY contains a non-ASCII/],
  ]
  for (const [name, env, message] of invalid) {
    it(`rejects ${name}`, () => {
      const found = problems(env)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0], message)
    })
  }

  it('reports all problems', () => {
    assert.equal(validateEnv({ PORT: 'x', PLATFORM: 'x', WECOM_BOT_TOKEN: 'x' }).length, 3)
  })

  it('describes each problem in one line per language', () => {
    for (const [name, env] of invalid) {
      for (const { zh, en } of validateEnv(env)) {
        assert.match(zh, /[\u4e00-\u9fff]/, name)
        assert.doesNotMatch(en, /[\u4e00-\u9fff]/, name)
        assert.doesNotMatch(zh + en, /\n|\{\w+\}/, name)
      }
    }
  })

  it('never contains a secret', () => {
    const texts = validateEnv({
      SOCKS_PROXY: 'user:hunter2@host', WECOM_BOT_ENCODING_AES_KEY: 'hunter2', WECOM_BOT_TOKEN: 'hunter2 ',
      WECOM_BOT_WEBHOOK_KEY: '/hunter2', WECOM_BOT_WEBHOOK_URL: 'hunter2', DINGTALK_CLIENT_SECRET: 'hunter2 ',
      GEMINI_API_KEY: 'hunter2，',
    })
    assert.equal(texts.length, 9)
    assert.doesNotMatch(JSON.stringify(texts), /hunter2/)
  })
})

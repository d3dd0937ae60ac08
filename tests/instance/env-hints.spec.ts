import assert from 'node:assert/strict'
import { VARIABLES } from '../../bin/instance/env'
import { examineEnvFile } from '../../bin/instance/env-hints/env-file'
import { intendedVariable, nameHints } from '../../bin/instance/env-hints/names'
import { valueHints } from '../../bin/instance/env-hints/values'
import { validateEnv } from '../../bin/instance/validate-env'

const key = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
const texts = (env: Record<string, string>) => validateEnv(env).map(text => text.en)

describe('names of variables', () => {
  for (const [old, variable] of [
    ['WECOM_TOKEN', 'WECOM_BOT_TOKEN'], ['WECOM_ENCODING_AES_KEY', 'WECOM_BOT_ENCODING_AES_KEY'],
    ['wecom_token', 'WECOM_BOT_TOKEN'], ['GEMINI_KEY', 'GEMINI_API_KEY'], ['OPENAI_API_BASE', 'OPENAI_BASE_URL'], ['DINGTALK_APP_KEY', 'DINGTALK_CLIENT_ID'],
    ['PROT', 'PORT'], ['HOTS', 'HOST'], ['PLATFROM', 'PLATFORM'], ['PLATFORMS', 'PLATFORM'], ['SELFURL', 'SELF_URL'],
    ['WECOM_BOT_TOKENS', 'WECOM_BOT_TOKEN'], ['WECOM-BOT-TOKEN', 'WECOM_BOT_TOKEN'], ['WECOM_BOT_ENCODINGAESKEY', 'WECOM_BOT_ENCODING_AES_KEY'],
    ['GEMINI_APIKEY', 'GEMINI_API_KEY'], ['GEMINI_API_KEYS', 'GEMINI_API_KEY'], ['SOCKSPROXY', 'SOCKS_PROXY'],
    ['DINGTALK_CLIENTID', 'DINGTALK_CLIENT_ID'], ['KOISHI_ADMIN', 'KOISHI_ADMINS'], ['WECOM_CROP_ID', 'WECOM_CORP_ID'],
  ] as const) {
    it(`${old} is taken for ${variable}`, () => {
      const [hint] = nameHints({ [old]: 'x' })
      assert.match(hint.en, new RegExp(`^${old} .*: rename it to ${variable}\\.$`))
      assert.match(hint.zh, new RegExp(`^${old} .*请改为 ${variable}。$`))
    })
  }

  for (const variable of VARIABLES) {
    it(`${variable} with one error is recognised`, () => {
      const middle = Math.floor(variable.length / 2)
      const misspelt = [
        variable.slice(0, middle) + 'X' + variable.slice(middle),
        variable.slice(0, middle) + variable.slice(middle + 1),
        variable.slice(0, -1) + 'X',
      ]
      for (const name of misspelt) assert.equal(intendedVariable(name), variable, name)
    })
  }

  it('of the system are left alone', () => {
    const env = Object.fromEntries([
      'HOME', 'PATH', 'HOSTNAME', 'USER', 'SHELL', 'LANG', 'PWD', 'TERM', 'TZ', 'NODE_ENV', 'NODE_VERSION', 'HTTP_PROXY',
      'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'KOISHI_SHARED', 'KOISHI_CONFIG_FILE', 'KOISHI_LOG_LEVEL', 'npm_config_user_agent',
    ].map(name => [name, 'x']))
    assert.deepEqual(nameHints(env), [])
  })

  it('are not mentioned if the right one is set, or the wrong one is blank', () => {
    assert.deepEqual(nameHints({ WECOM_TOKEN: 'x', WECOM_BOT_TOKEN: 'y', GEMINI_KEY: ' ' }), [])
  })
})

describe('messages about wrong values', () => {
  for (const [env, message] of [
    [{ WECOM_BOT_ENCODING_AES_KEY: key + '=' }, /has 44 characters: leave out the = at the end\.$/],
    [{ WECOM_BOT_ENCODING_AES_KEY: key.slice(1) + '=' }, /has 43 characters \(character 43 is =\)/],
    [{ WECOM_BOT_ENCODING_AES_KEY: key.slice(0, 4) + '，' + key.slice(5) }, /\(character 5 is ，\)/],
    [{ WECOM_BOT_ENCODING_AES_KEY: `"${key}"` }, /has 45 characters \(character 1 is "\).*remove them\.\)$/],
    [{ WECOM_BOT_ENCODING_AES_KEY: `${key} # the key` }, /\(character 44 is a space\).*a # comment behind it.*remove it/],
    [{ WECOM_BOT_TOKEN: 'ab c' }, /\(character 3 is a space\)/],
    [{ WECOM_BOT_TOKEN: 'abc\u3000' }, /\(character 4 is an ideographic space\)/],
    [{ WECOM_BOT_TOKEN: 'ab\u200bc' }, /\(character 3 is an invisible zero-width space\)/],
    [{ WECOM_BOT_TOKEN: '\'abc\'' }, /^WECOM_BOT_TOKEN is wrong: there are quotes around it/],
    [{ PLATFORM: 'both  # dingtalk | wecom | both' }, /^PLATFORM cannot be .*a # comment behind it/],
    [{ WECOM_AGENT_ID: '100000a' }, /\(character 7 is a\)/],
    [{ DINGTALK_AGENT_ID: '１２' }, /\(character 1 is １\)/],
    [{ GEMINI_API_KEY: 'one，two' }, /\(character 4 is ，\)/],
    [{ GEMINI_MODEL: '"gemini"' }, /^GEMINI_MODEL is wrong: there are quotes/],
    [{ SOCKS_PROXY: 'socks5://u:p#w@127.0.0.1:1' }, /# as %23 \(character 13 is #\)/],
    [{ SELF_URL: 'https://bot.example.com/?x' }, /\(character 25 is \?\)/],
    [{ WECOM_BOT_PATH: '/回调' }, /\(character 2 is 回\)/],
  ] as [Record<string, string>, RegExp][]) {
    it(`name the character or the length: ${JSON.stringify(env)}`, () => {
      const own = texts(env).filter(text => !/is set, but/.test(text))
      assert.equal(own.length, 1, own.join('\n'))
      assert.match(own[0], message)
    })
  }

  it('are warnings for keys with + and /, a path in SELF_URL, and quotes that may be meant', () => {
    const env = {
      WECOM_BOT_TOKEN: 't', WECOM_BOT_ENCODING_AES_KEY: 'ab+/' + key.slice(4), SELF_URL: 'https://a.example.com/api',
      KOISHI_ADMIN_PASSWORD: '"secret"', WECOM_BOT_NAME: '小 #1',
    }
    assert.deepEqual(validateEnv(env), [])
    const hints = valueHints(env).map(text => text.en)
    assert.equal(hints.length, 4)
    assert.match(hints[0], /only takes letters and digits/)
    assert.match(hints[1], /^SELF_URL has the path \/api: usually it ends with the host, https:\/\/a\.example\.com\./)
    assert.match(hints[2], /^Check KOISHI_ADMIN_PASSWORD: there are quotes/)
    assert.match(hints[3], /^Check WECOM_BOT_NAME: there is a # comment/)
    assert.doesNotMatch(hints.join(), /secret|ab\+/)
  })

  it('are absent for usual values', () => {
    assert.deepEqual(valueHints({ SELF_URL: 'https://a.example.com/', WECOM_BOT_ENCODING_AES_KEY: key }), [])
  })
})

describe('.env', () => {
  const text = 'PLATFORM=both  # dingtalk | wecom\nA="x#y"\n# B=c#d\nC=\'#\'\nD=\nE=#f\n'

  it('in UTF-8 with comments and quotes is fine', () => {
    assert.deepEqual(examineEnvFile('.env', Buffer.from(text)), { problems: [], hints: [] })
  })

  for (const [name, bytes] of [
    ['with a byte order mark', Buffer.from('\ufeff' + text, 'utf16le')],
    ['without one', Buffer.from(text, 'utf16le')],
    ['in the other byte order', Buffer.from('\ufeff' + text, 'utf16le').swap16()],
  ] as const) {
    it(`in UTF-16 ${name} is refused`, () => {
      const { problems } = examineEnvFile('.env', bytes)
      assert.equal(problems.length, 1)
      assert.match(problems[0].en, /^\.env is UTF-16 .*save it as UTF-8/)
    })
  }

  it('in GBK is mentioned', () => {
    const { problems, hints } = examineEnvFile('.env', Buffer.from([0x41, 0x3d, 0xc4, 0xe3, 0xba, 0xc3]))
    assert.deepEqual([problems.length, hints.length], [0, 1])
    assert.match(hints[0].en, /is not UTF-8/)
  })

  for (const line of ['KOISHI_ADMIN_PASSWORD=ab#cd', 'export KOISHI_ADMIN_PASSWORD = ab#', ' KOISHI_ADMIN_PASSWORD=a#b # x']) {
    it(`with a # inside a value is mentioned: ${line}`, () => {
      const { hints } = examineEnvFile('.env', Buffer.from(`A=1\n${line}\n`))
      assert.equal(hints.length, 1)
      assert.match(hints[0].en, /the value of KOISHI_ADMIN_PASSWORD ends before the #/)
    })
  }
})

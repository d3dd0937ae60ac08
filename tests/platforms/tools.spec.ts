import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from 'common/testing'
import { WecomClient, createDingtalk, createGemini, scenarios } from 'testkit'
import type { Dingtalk, Gemini } from 'testkit'
import { Instance, root, wecom } from '../support/instance'

/** Two tools that wait for each other, and until a file exists; one that asks first; a command that settings list. */
const plugin = `
const { existsSync } = require('node:fs')
const { setTimeout } = require('node:timers/promises')

exports.name = 'rooms'
exports.inject = ['assistant']
exports.apply = (ctx) => {
  let arrived = 0, open
  const both = new Promise(resolve => { open = resolve })
  for (const name of ['free_hours', 'guests']) {
    ctx.assistant.tool({
      name, description: name, title: { zh: name === 'guests' ? '访客名单' : '会议室', en: name },
      async run() {
        if (++arrived === 2) open()
        await both
        while (!existsSync(__dirname + '/seen')) await setTimeout(10)
        return name + ' is known'
      },
    })
  }
  ctx.assistant.tool({
    name: 'book_room', description: 'books', title: { zh: '预订会议室', en: 'book the room' }, confirm: true,
    parameters: { type: 'object', properties: { hour: { type: 'string' } }, required: ['hour'] },
    run: ({ hour }, { session }) => 'booked ' + hour + ' for ' + session.userId,
  })
  ctx.command('price <item>', 'price of an item').action((_, item) => item + ' costs 5 yuan')
}
`

const mcpServer = {
  name: 'example',
  command: process.execPath,
  args: ['-r', require.resolve('esbuild-register'), join(root, 'plugins/assistant-mcp/tests/support/example-server.ts')],
  env: { GREETED: '${MCP_SECRET}' },
  authority: 0,
  timeout: 1000,
}

interface Body {
  contents: { parts: { functionResponse?: { name: string, response: object } }[] }[]
}

describe('tools in the complete instance', function() {
  this.timeout(240_000)

  let gemini: Gemini
  let dingtalk: Dingtalk
  let instance: Instance
  let client: WecomClient

  before(async () => {
    gemini = await createGemini()
    dingtalk = await createDingtalk()
    const yml = await readFile(join(root, 'koishi.yml'), 'utf8')
    // One card per bubble: with buttons of its own, a confirmation would be asked for by words.
    const settings = yml.replace(/cardButtons:\n(?: {8}.*\n)+/, 'cardButtons: []\n')
      .replace(/(\n +)(?=proxy: )/, '$1toolRounds: 3$1toolCommands: [{ name: price, confirm: false }]$1')
      .replace('~assistant-mcp:mcp: {}', `assistant-mcp:mcp: ${JSON.stringify({ servers: [mcpServer] })}`)
    assert.match(settings, /cardButtons: \[\][^]*mcp: \{"servers[^]*toolRounds: 3/)
    instance = await Instance.start({
      env: {
        ...wecom, MCP_SECRET: 'secret-of-mcp', WECOM_BOT_STREAM_STYLE: 'stream_with_template_card', GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url,
        DINGTALK_CLIENT_ID: dingtalk.appKey, DINGTALK_CLIENT_SECRET: dingtalk.appSecret,
        DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint, DINGTALK_OLD_API_ENDPOINT: dingtalk.oldApiEndpoint,
        DINGTALK_BUILT_IN_CARD: 'false',
      },
      files: { 'koishi.yml': `${settings}    ./rooms.cjs:rooms: {}\n`, 'rooms.cjs': plugin },
    })
    client = new WecomClient({
      url: `http://127.0.0.1:${instance.port}/api/wecom/callback`,
      token: wecom.WECOM_BOT_TOKEN,
      encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY,
      pollInterval: 30,
    })
    await instance.ready()
    await dingtalk.stream.connected()
  })
  after(async () => {
    await instance?.close()
    await dingtalk?.close()
    await gemini?.close()
  })

  const calls = (...functionCalls: { name: string, args?: object }[]) => {
    return scenarios.text(...functionCalls.map(functionCall => ({ functionCall })))
  }

  /** Results that the model was told last. */
  function results(): string[] {
    const { contents } = gemini.requests.at(-1)!.body as Body
    const responses = contents.at(-1)!.parts.flatMap(({ functionResponse }) => functionResponse ?? [])
    return responses.map(({ name, response }) => `${name}: ${JSON.stringify(response)}`)
  }

  /** Asks in WeCom. @returns all texts that were shown */
  async function ask(question: string): Promise<string[]> {
    const shown: string[] = []
    for await (const { content } of client.ask(question)) shown.push(content)
    return shown
  }

  it('run two at a time in WeCom, while the bubble says so', async () => {
    gemini.respond(calls({ name: 'free_hours' }, { name: 'guests' }), scenarios.text('十点有空，', '来两位。'))
    let last = ''
    let isSeen = false
    for await (const { content } of client.ask('什么时候有空')) {
      last = content
      if (isSeen || !/正在使用.*(?:会议室|访客名单)/.test(content)) continue
      isSeen = true
      await writeFile(join(instance.folder, 'seen'), '')
    }
    assert.ok(isSeen)
    assert.equal(last, '十点有空，来两位。')
    assert.equal(results().length, 2)
    assert.match(results().join(), /free_hours is known[^]*guests is known/)
  })

  it('run a command that the settings list, and no other', async () => {
    gemini.respond(calls({ name: 'command_price', args: { item: '苹果' } }, { name: 'command_gemini_usage' }), scenarios.text('五元。'))
    assert.equal((await ask('苹果多少钱')).at(-1), '五元。')
    assert.match(results()[0], /苹果 costs 5 yuan/)
    assert.match(results()[1], /no such tool for this person/)
  })

  it('wait for a click on a card in WeCom', async () => {
    gemini.respond(calls({ name: 'book_room', args: { hour: '10:00' } }), scenarios.text('订好了。'))
    let last = ''
    let clicks = 0
    for await (const { content, raw } of client.ask('订十点', { userId: 'ZhangSan' })) {
      last = content
      const card = raw.template_card
      if (!card || clicks++) continue
      assert.match(content, /预订会议室/)
      const click = { taskId: card.task_id, eventKey: card.button_list[0].key }
      await client.post(client.cardClick(click, { userId: 'ZhangSan' }))
    }
    assert.ok(clicks > 0, 'no card was shown')
    assert.match(last, /订好了。$/)
    assert.match(results()[0], /booked 10:00 for ZhangSan/)
  })

  for (const [word, outcome] of [['确认', /booked 11:00 for alice/], ['取消', /did not allow/]] as const) {
    it(`take ${word} in DingTalk`, async () => {
      const asked = dingtalk.messages.length
      gemini.respond(calls({ name: 'book_room', args: { hour: '11:00' } }), scenarios.text('知道了。'))
      const texts = () => dingtalk.messages.slice(asked).map(({ param }) => String(param.text ?? param.content))
      await dingtalk.say('订十一点', { userId: 'alice' })
      await until(() => texts().some(text => text.includes('预订会议室')), () => `the confirmation\n${instance.output}`)
      await dingtalk.say(word, { userId: 'alice' })
      await until(() => texts().some(text => text.includes('知道了')), () => `the answer\n${instance.output}`)
      assert.match(results()[0], outcome)
    })
  }

  it('of an MCP server run, hang and end it, and cost no answer', async () => {
    await until(() => /example: connected/.test(instance.output), () => `the MCP server\n${instance.output}`)
    gemini.respond(calls({ name: 'example_greet' }, { name: 'example_hang' }), scenarios.text('一。'))
    assert.equal((await ask('问候')).at(-1), '一。')
    // The model does not learn the secret either.
    assert.match(results()[0], /hello \*\*\*/)
    assert.match(results()[1], /example_hang failed/)
    gemini.respond(calls({ name: 'example_die' }), scenarios.text('二。'))
    assert.equal((await ask('结束')).at(-1), '二。')
    assert.match(results()[0], /example_die failed/)
    assert.doesNotMatch(instance.output, /secret-of-mcp/)
  })

  it('end when the model calls them for ever', async () => {
    const before = gemini.requests.length
    gemini.respond(calls({ name: 'free_hours' }))
    const frames: { content: string, finish: boolean }[] = []
    for await (const frame of client.ask('再查一次')) frames.push(frame)
    // The setting allows three rounds of calls; the last request asks for an answer without any.
    assert.equal(gemini.requests.length - before, 4)
    const { content, finish } = frames.at(-1)!
    assert.equal(finish, true)
    assert.match(content, /工具/)
  })
})

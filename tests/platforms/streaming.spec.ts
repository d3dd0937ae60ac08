import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until as eventually } from 'common/testing'
import { transform } from 'esbuild'
import { WecomClient, createDingtalk } from 'testkit'
import type { Dingtalk } from 'testkit'
import { Instance, root } from '../support/instance'

const wecom = { WECOM_BOT_TOKEN: 'conversationToken', WECOM_BOT_ENCODING_AES_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' }

const poem = '**静夜思**\n\n床前明月光，疑是地上霜。举头望明月，低头思故乡。'

/** The plugin of a documentation page. */
async function example(page: string): Promise<string> {
  const [, code] = /```js\n(import [^]*?)```/.exec(await readFile(join(root, 'docs', page), 'utf8'))!
  return code
}

describe('the plugin of docs/streaming.md', function() {
  this.timeout(240_000)

  let dingtalk: Dingtalk
  let instance: Instance | undefined

  beforeEach(async () => {
    dingtalk = await createDingtalk()
  })

  afterEach(async () => {
    await instance?.close()
    instance = undefined
    await dingtalk.close()
  })

  async function start(env: Record<string, string> = {}) {
    // Later pauses are longer than on the page, so that a busy machine shows every line, too. The first one stays,
    // because DingTalk's message is held back for a second only.
    const slower = (await example('streaming.md'))
      .replace('(resolve, 500)', "(resolve, line.includes('静夜思') ? 500 : 2000)")
    assert.ok(slower.includes('2000'))
    const { code } = await transform(slower, { format: 'cjs' })
    instance = await Instance.start({
      env: {
        PLATFORM: 'both',
        ...wecom,
        DINGTALK_CLIENT_ID: dingtalk.appKey,
        DINGTALK_CLIENT_SECRET: dingtalk.appSecret,
        DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint,
        DINGTALK_OLD_API_ENDPOINT: dingtalk.oldApiEndpoint,
        NODE_PATH: join(root, 'node_modules'),
        ...env,
      },
      files: { 'recite.js': code },
      plugins: '    ./recite.js:example: {}\n',
    })
    await instance.ready()
    await dingtalk.stream.connected()
  }

  const until = (isMet: () => boolean, what: string) => eventually(isMet, () => `${what}\n${instance?.output}`)

  it('is the same in both languages', async () => {
    assert.equal(await example('streaming.en.md'), await example('streaming.md'))
  })

  it('grows in a bubble of WeCom, which then finishes', async () => {
    await start()
    const client = new WecomClient({
      url: `http://127.0.0.1:${instance!.port}/api/wecom/callback`, token: wecom.WECOM_BOT_TOKEN,
      encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY, userId: 'alice', pollInterval: 100,
    })
    const texts: string[] = []
    for await (const { content } of client.ask('recite')) if (content !== texts.at(-1)) texts.push(content)
    assert.ok(texts.length >= 4, texts.join('\n---\n'))
    assert.equal(texts.at(-1), poem)
  })

  it('grows in a card of DingTalk, which is then closed', async () => {
    await start({ DINGTALK_CARD_TEMPLATE_ID: 'ai.schema', DINGTALK_STREAMING: 'live' })
    await dingtalk.say('recite', { conversationId: 'cidGROUP' })
    await until(() => dingtalk.cards[0]?.state === 'finished', 'the end of the card')
    const [{ content, frames, space }] = dingtalk.cards
    assert.ok(frames.length >= 3, String(frames.length))
    assert.deepEqual([content, space, dingtalk.messages], [poem, 'IM_GROUP.cidGROUP', []])
  })

  it('grows in a card of the built-in template, which is then closed', async () => {
    await start({ DINGTALK_STREAMING: 'live' })
    await dingtalk.say('recite', { conversationId: 'cidGROUP' })
    await until(() => dingtalk.cards[0]?.state === 'finished', 'the end of the card')
    const [{ content, frames, key }] = dingtalk.cards
    assert.ok(frames.length >= 3, String(frames.length))
    assert.deepEqual([content, key, dingtalk.messages], [poem, 'msgContent', []])
  })

  it('is one whole message of DingTalk without a card template', async () => {
    await start({ DINGTALK_BUILT_IN_CARD: 'false' })
    await dingtalk.say('recite', { userId: 'alice' })
    await until(() => dingtalk.messages.length > 0, 'the message')
    assert.deepEqual([dingtalk.messages.map(({ param }) => param.text), dingtalk.cards], [[poem], []])
  })
})

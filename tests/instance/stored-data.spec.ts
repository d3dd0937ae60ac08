import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { WecomClient, createDingtalk, createGemini } from 'testkit'
import type { Dingtalk, Gemini } from 'testkit'
import { Instance, root, wecom } from '../support/instance'

const tables = `
  exports.inject = ['server', 'database']
  exports.apply = (ctx) => ctx.server.get('/tables', (koa) => { koa.body = Object.keys(ctx.database.tables) })
`

/** The first cells of the tables of a section, without the code marks. */
function namesIn(text: string, section: number): string[] {
  const rows = text.split(/^## /m)[section].match(/^\| `.+$/gm)!
  return rows.flatMap(row => Array.from(row.split('|')[1].matchAll(/`([^`]+)`/g), ([, name]) => name)).sort()
}

describe('what is stored', function() {
  this.timeout(240_000)

  let gemini: Gemini
  let dingtalk: Dingtalk
  let instance: Instance
  let stored: string[]
  let files: string[]

  before(async () => {
    gemini = await createGemini()
    dingtalk = await createDingtalk()
    instance = await Instance.start({
      env: {
        ...wecom, GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url,
        DINGTALK_CLIENT_ID: dingtalk.appKey, DINGTALK_CLIENT_SECRET: dingtalk.appSecret,
        DINGTALK_API_ENDPOINT: dingtalk.apiEndpoint, DINGTALK_OLD_API_ENDPOINT: dingtalk.oldApiEndpoint,
        DINGTALK_BUILT_IN_CARD: 'false',
      },
      files: { 'tables.cjs': tables }, plugins: '    ./tables.cjs:tables: {}\n',
    })
    await instance.ready()
    const client = new WecomClient({
      url: `http://127.0.0.1:${instance.port}/api/wecom/callback`, pollInterval: 30,
      token: wecom.WECOM_BOT_TOKEN, encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY,
    })
    for await (const frame of client.ask('hi')) assert.ok(frame)
    await dingtalk.say('hi')
    while (!dingtalk.messages.length) await new Promise(resolve => setTimeout(resolve, 50))
    stored = await (await instance.get('/tables')).json() as string[]
    const folder = join(instance.folder, 'data')
    files = (await readdir(folder, { recursive: true })).filter(name => name === 'instance.lock' || !isFolder(join(folder, name)))
  })

  after(async () => {
    await instance.close()
    await dingtalk.close()
    await gemini.close()
  })

  for (const page of ['docs/operations/stored-data.md', 'docs/operations/stored-data.en.md']) {
    const text = readFileSync(join(root, page), 'utf8')

    it(`is every table of the running instance in ${page}, and no other`, () => {
      assert.deepEqual(namesIn(text, 1), stored.sort())
    })

    it(`is every file of the data folder in ${page}`, () => {
      const patterns = namesIn(text, 2).map(name => new RegExp(`^${name.replaceAll('.', '\\.').replace('*', '[^/]+')}$`))
      assert.ok(files.length >= 4, files.join())
      assert.deepEqual(files.filter(name => !patterns.some(pattern => pattern.test(name))), [])
    })
  }
})

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

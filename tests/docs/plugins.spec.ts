import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { Context, h, Logger } from 'koishi'
import type { Plugin } from 'koishi'
import { HTTP } from '@koishijs/plugin-http'
import mock from '@koishijs/plugin-mock'
import { root } from '../support/instance'

/** The fenced TypeScript of a page. */
function codeOf(page: string): string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return Array.from(text.matchAll(/^```ts\n([^]*?)^```/gm), ([, code]) => code)
}

/** The plugins in the fenced code of a page, by name. */
function pluginsOf(page: string): Record<string, Plugin.Object> {
  const blocks = codeOf(page).map((source) => {
    const module = { exports: {} as Plugin.Object }
    const { code } = transformSync(source, { loader: 'ts', format: 'cjs' })
    new Function('module', 'exports', 'require', code)(module, module.exports, createRequire(__filename))
    return module.exports
  })
  return Object.fromEntries(blocks.map(plugin => [plugin.name, plugin]))
}

for (const page of ['assistant/tools.md', 'assistant/tools.en.md']) {
  it(`the plugin in docs/${page} is that of examples/meeting-room`, () => {
    const [code] = codeOf(page)
    assert.equal(code, readFileSync(join(root, 'examples/meeting-room/src/index.ts'), 'utf8'))
  })
}

for (const [page, locale, words] of [
  ['plugins.md', 'zh-CN', { ask: '要部署 web 吗？', done: '已开始部署 web。', lines: '3 行', rule: '回答不超过三句话。' }],
  ['plugins.en.md', 'en-US', { ask: 'Deploy web?', done: 'Deploying web.', lines: '3 lines', rule: 'Answer in three sentences' }],
] as const) {
  describe(`the examples of docs/${page}`, () => {
    const plugins = pluginsOf(page)
    let app: Context
    beforeEach(async () => {
      app = new Context({ i18n: { locales: [locale] } })
      app.plugin(HTTP)
      app.plugin(mock as never)
      for (const plugin of Object.values(plugins)) app.plugin(plugin)
      await app.start()
    })
    afterEach(() => app.stop())

    it('are all there', () => {
      assert.deepEqual(Object.keys(plugins).sort(), ['count-lines', 'deploy', 'house-rules', 'meeting-room', 'recite'])
    })

    it('are those of examples/', () => {
      const files = readdirSync(join(root, 'examples'))
        .map(folder => readFileSync(join(root, 'examples', folder, 'src/index.ts'), 'utf8'))
      assert.deepEqual(codeOf(page).sort(), files.sort())
    })

    it('write line by line, where messages cannot be edited as a whole', async () => {
      assert.deepEqual(await app.mock.client('1').receive('recite'), [
        '**静夜思**\n\n床前明月光，疑是地上霜。举头望明月，低头思故乡。',
      ])
    })

    it('ask with a button, whose text is a command', async () => {
      const client = app.mock.client('1')
      const [question] = await client.receive('deploy web')
      assert(question.includes(words.ask))
      const [button] = h.select(question, 'button')
      assert.deepEqual(await client.receive(button.attrs.text as string), [words.done])
    })

    it('read a file', async () => {
      const file = h('file', { src: 'data:text/plain;base64,' + Buffer.from('a\nb\nc').toString('base64') })
      assert.deepEqual(await app.mock.client('1').receive(file.toString()), [words.lines])
    })

    it('change a question, and log its outcome', async () => {
      const lines: string[] = []
      const target: Logger.Target = { colors: 0, record: ({ name, content }) => void (name === 'house-rules' && lines.push(content)) }
      Logger.targets.push(target)
      const question: { system?: string } = { system: 'Be kind.' }
      await app.serial('gemini/before-request' as never, ...[question] as never)
      assert(question.system!.startsWith('Be kind.\n') && question.system!.includes(words.rule))
      app.emit('gemini/outcome' as never, ...[{ result: 'answered', ms: 7 }, { userId: 'u' }] as never)
      Logger.targets.splice(Logger.targets.indexOf(target), 1)
      assert.deepEqual(lines, ['u: answered, 7 ms'])
    })
  })
}

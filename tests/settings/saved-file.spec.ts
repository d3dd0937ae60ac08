import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dict } from 'koishi'
import { load } from 'js-yaml'
import { explainMerge } from '../../bin/instance/settings/explain-merge'
import { prepareSettings } from '../../bin/instance/settings/saved-file'

describe('prepareSettings', () => {
  let folder: string
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'saved-')) })
  afterEach(() => rm(folder, { recursive: true }))

  async function prepare(source: string) {
    await writeFile(join(folder, 'source.yml'), source)
    const { file, changes } = await prepareSettings(join(folder, 'source.yml'), folder)
    return { saved: load(await readFile(file, 'utf8')) as Dict, changes }
  }

  it('copies koishi.yml at the first start', async () => {
    const { saved, changes } = await prepare('prefix: [/]\nplugins:\n  group:a:\n    ~b:c: { d: 1 }\n')
    assert.deepEqual(saved, { prefix: ['/'], plugins: { 'group:a': { '~b:c': { d: 1 } } } })
    assert.deepEqual(changes, [])
  })

  it('gives entries without an ident always the same one', async () => {
    const source = 'plugins:\n  echo: {}\n  ~echo: {}\n  "@scope/x": {}\n'
    const first = await prepare(source)
    assert.deepEqual(Object.keys(first.saved.plugins), ['echo:echo', '~echo:echo2', '@scope/x:-scope-x'])
    assert.deepEqual((await prepare(source)).saved, first.saved)
  })

  it('keeps what the console has saved, and adds the plugins of a newer version', async () => {
    await prepare('plugins: { "a:a": { x: 1 } }')
    await writeFile(join(folder, 'koishi.yml'), 'plugins: { "a:a": { x: 2 }, "mine:m": {} }')
    const { saved, changes } = await prepare('plugins: { "a:a": { x: 1 }, "new:n": {} }')
    assert.deepEqual(saved.plugins, { 'a:a': { x: 2 }, 'mine:m': {}, 'new:n': {} })
    const [line] = explainMerge(changes)
    assert.match(line.zh, /新增.*：new。$/)
    assert.match(line.en, /^Added to data\/koishi\.yml from koishi\.yml: new\.$/)
    assert.deepEqual((await prepare('plugins: { "a:a": { x: 1 }, "new:n": {} }')).changes, [])
  })

  it('replaces the expressions of earlier versions by the default of each', async () => {
    const { saved } = await prepare([
      'plugins:',
      '  server:web:',
      '    host: ${{ env.HOST || \'127.0.0.1\' }}',
      '    port: ${{ +env.PORT || 35000 }}',
      '    selfUrl: ${{ env.SELF_URL || undefined }}',
      '  adapter-wecom-bot:wecom:',
      '    $if: env.PLATFORM !== \'dingtalk\' && env.WECOM_BOT_TOKEN',
      '    token: ${{ env.WECOM_BOT_TOKEN }}',
      '    trustedHosts: ${{ env.WECOM_BOT_TRUSTED_HOSTS?.match(/[^,\\s]+/g) }}',
      '    welcome: ${{ env.MY_OWN }}',
      '  adapter-dingtalk:ding:',
      '    api: { endpoint: "${{ env.DINGTALK_API_ENDPOINT || undefined }}" }',
    ].join('\n'))
    assert.deepEqual(saved.plugins, {
      'server:web': { host: '127.0.0.1', port: 35000 },
      'adapter-wecom-bot:wecom': { welcome: '${{ env.MY_OWN }}' },
      'adapter-dingtalk:ding': { api: {} },
    })
  })

  for (const [name, text] of [['broken YAML', '\t: ['], ['a text', 'hello'], ['nothing', '']] as const) {
    it(`names the file with ${name}, and leaves it as it is`, async () => {
      await prepare('plugins: {}')
      await writeFile(join(folder, 'koishi.yml'), text)
      await assert.rejects(prepare('plugins: {}'), ({ name, message }: Error) => {
        return name === 'SettingsError' && message.startsWith(join(folder, 'koishi.yml')) && !message.includes('\n')
      })
      assert.equal(await readFile(join(folder, 'koishi.yml'), 'utf8'), text)
    })
  }

  it('leaves no half-written file', async () => {
    await prepare('plugins: {}')
    await assert.rejects(stat(join(folder, 'koishi.yml.tmp')), { code: 'ENOENT' })
  })
})

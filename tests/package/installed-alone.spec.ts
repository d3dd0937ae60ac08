import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { hasNodeSqlite } from '../../plugins/database-node-sqlite/src/node-sqlite'
import { root, wecom } from '../support/instance'

/** The packages of a Koishi app without the plugins. */
const APP_PACKAGES = ['koishi', '@koishijs/plugin-server']

/** Settings without which a plugin does not start. */
const settings: Record<string, object> = {
  'database-node-sqlite': { path: ':memory:' },
  'adapter-wecom-bot': { token: wecom.WECOM_BOT_TOKEN, encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY },
}

/** Prints logged errors and whether the plugin is running. */
const script = `
const { Context, HTTP, Logger } = require('koishi')
const [name, config] = process.argv.slice(2)
Logger.targets.push({ record: ({ type, content }) => type === 'error' && console.log(content) })
const app = new Context()
app.plugin(HTTP)
app.plugin(require('@koishijs/plugin-server').default, {})
const plugin = require(name)
const { default: main = plugin } = plugin
const fork = app.plugin(main, new main.Config(JSON.parse(config)))
app.start().then(() => console.log(fork.isActive ? 'active' : 'inactive')).finally(() => process.exit())
`

for (const folder of readdirSync(join(root, 'plugins'))) {
  describe(`the package of ${folder}, installed alone`, function() {
    this.timeout(240_000)

    const manifest = JSON.parse(readFileSync(join(root, 'plugins', folder, 'package.json'), 'utf8'))
    let app: string
    let installed: string

    before(async () => {
      app = await mkdtemp(join(tmpdir(), 'koishi-app-'))
      installed = join(app, 'node_modules', manifest.name)
      const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', app]
      const [{ filename }] = JSON.parse(execFileSync('npm', pack, {
        cwd: join(root, 'plugins', folder), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
      }))
      await mkdir(installed, { recursive: true })
      execFileSync('tar', ['-xzf', join(app, filename), '-C', installed, '--strip-components', '1'])
      // Of the packages of this repository, only those that the manifest asks for, and those that every app has.
      const { dependencies, peerDependencies } = manifest
      for (const name of new Set([...APP_PACKAGES, ...Object.keys({ ...dependencies, ...peerDependencies })])) {
        await mkdir(dirname(join(app, 'node_modules', name)), { recursive: true })
        await symlink(join(root, 'node_modules', name), join(app, 'node_modules', name))
      }
    })

    after(() => rm(app, { recursive: true, force: true }))

    it('is loaded by Koishi', async () => {
      await writeFile(join(app, 'index.js'), script)
      const output = execFileSync(process.execPath, ['index.js', manifest.name, JSON.stringify(settings[folder] ?? {})], {
        cwd: app, encoding: 'utf8', env: { PATH: process.env.PATH },
      })
      if (folder === 'database-node-sqlite' && !hasNodeSqlite()) {
        assert.match(output, /has no SQLite of its own: use Node\.js 22\.13 or later/)
        return
      }
      assert.match(output, /^active$/m)
      assert.doesNotMatch(output, /error/i)
    })

    it('has declarations without references outside the package', () => {
      const missing: string[] = []
      for (const file of readdirSync(installed, { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.d.ts')) continue
        const text = readFileSync(join(installed, file), 'utf8')
        for (const [, name] of text.matchAll(/\b(?:from|import|module)\s*\(?\s*["']([^"'\n]+)["']/g)) {
          const target = resolve(installed, dirname(file), name)
          const isPackage = !name.startsWith('.') && name.split('/')[0] !== 'common'
          const isFile = target.startsWith(installed) && [`${target}.d.ts`, join(target, 'index.d.ts')].some(existsSync)
          if (!isPackage && !isFile) missing.push(`${file}: ${name}`)
        }
      }
      assert.deepEqual(missing, [])
    })
  })
}

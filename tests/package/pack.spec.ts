import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/instance'

interface Manifest {
  name: string
  main: string
  typings: string
  files: string[]
  private?: boolean
  license: string
  peerDependencies: Record<string, string>
  dependencies?: Record<string, string>
  koishi: { description: { zh: string, en: string }, service: object, locales: string[] }
}

for (const plugin of readdirSync(join(root, 'plugins'))) {
  describe(`the package of ${plugin}`, function() {
    this.timeout(240_000)

    const folder = join(root, 'plugins', plugin)
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

    it('has the manifest required by Koishi\'s market', () => {
      assert.match(manifest.name, /^koishi-plugin-[\w-]+$/)
      assert.equal(manifest.private, undefined)
      assert.equal(manifest.license, 'MIT')
      assert.ok(manifest.peerDependencies.koishi)
      assert.ok(!manifest.dependencies?.koishi)
      const { description, service, locales } = manifest.koishi
      assert.ok(description.zh && description.en && service)
      assert.deepEqual(locales, ['zh', 'en'])
    })

    it('contains only the build, its types and the documents', () => {
      const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
        cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
      })
      const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }]
      const paths = files.map(({ path }) => path)
      const needed = [
        'package.json', 'README.md', 'README.en.md', 'CHANGELOG.md', 'LICENSE', manifest.main, manifest.typings,
      ]
      for (const path of needed) assert.ok(paths.includes(path), `${path} is missing`)
      const allowed = /^(?:package\.json|README(?:\.en)?\.md|CHANGELOG\.md|LICENSE|lib\/(?:index\.js|.+\.d\.ts)|dist\/(?:index\.js|style\.css))$/
      assert.deepEqual(paths.filter(path => !allowed.test(path)), [])
    })

    it('exports a plugin', () => {
      const script = `const plugin = require(${JSON.stringify(folder)}); const { default: main = plugin } = plugin;`
        + 'console.log(typeof main, typeof main.apply, typeof main.Config)'
      const output = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
      assert.match(output, /^(?:function \w+|object function) function\n$/)
    })
  })
}

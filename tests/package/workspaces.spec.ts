import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryFiles } from '../support/repository'
import { root } from '../support/instance'

const read = (name: string) => readFileSync(join(root, name), 'utf8')
const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] }
const parents = workspaces.map(pattern => pattern.replace(/\/\*$/, ''))

function print(expression: string): string[] {
  const script = `import { pluginFolders, workspaces } from './scripts/workspaces.mjs'\nconsole.log(JSON.stringify(${expression}))`
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' }))
}

describe('workspaces', () => {
  it('are found as npm finds them', () => {
    const manifests = repositoryFiles().filter(file => file.endsWith('/package.json')).map(file => file.slice(0, -'/package.json'.length))
    assert.deepEqual(print('workspaces()').sort(), manifests.sort())
  })

  it('are built if they are plugins', () => {
    const folders = print('pluginFolders()')
    for (const folder of ['plugins/gemini-chat', 'examples/deploy']) assert(folders.includes(folder), folder)
    for (const folder of ['packages/common', 'packages/settings-form', 'testkit']) assert(!folders.includes(folder), folder)
  })

  it('are in the Docker image, but for the mocks', () => {
    const ignored = read('.dockerignore').split('\n')
    const dockerfile = read('Dockerfile')
    for (const parent of parents) {
      assert(ignored.includes(`!${parent}`), parent)
      if (parent !== 'testkit') assert(dockerfile.includes(`COPY --from=build /app/${parent} ${parent}\n`), parent)
    }
  })

  it('are type-checked, linted and tested', () => {
    const { include } = JSON.parse(read('tsconfig.json')) as { include: string[] }
    for (const parent of parents) assert(include.some(path => path.startsWith(parent)), parent)
    assert.match(read('eslint.config.mjs'), /'examples\/\*\/src\/\*\*\/\*\.ts'/)
  })
})

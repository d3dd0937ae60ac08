// Runs the specs with another version of Node: npm run test:node -- 22 [specs and options of mocha; default: all specs]
// The binary is installed from npm into node_modules/.cache.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [version, ...args] = process.argv.slice(2)
if (!/^\d+(\.\d+)*$/.test(version ?? '')) {
  console.error('用法 / Usage: npm run test:node -- 22 [mocha 的测试文件和选项 / specs and options of mocha]')
  process.exit(64)
}

const specs = ['packages/*/tests/**/*.spec.ts', 'plugins/*/tests/**/*.spec.ts', 'testkit/tests/**/*.spec.ts', 'tests/**/*.spec.ts']
const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, 'node_modules/.cache/node', version)
const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
const binary = join(cache, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options })
  if (error) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync(binary)) {
  mkdirSync(cache, { recursive: true })
  run('npm', ['install', '--prefix', cache, '--no-save', '--no-audit', '--no-fund', `${name}@${version}`])
}
run(binary, ['--version'])
run(binary, [createRequire(import.meta.url).resolve('mocha/bin/mocha.js'), ...args.length ? args : specs], { cwd: root })

// Builds before `npm start` where it is needed: nothing is built yet, or a source is newer than what was built.

import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function newest(folder) {
  return Math.max(...readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => modified(join(entry.parentPath ?? entry.path, entry.name))))
}

const parts = [
  ['bin', 'lib/instance/worker.js'],
  ...readdirSync('plugins').map(name => [`plugins/${name}/src`, `plugins/${name}/lib/index.js`]),
]

// An installation without the sources, such as the image, brings what was built.
const stale = parts.some(([source, target]) => modified(source) && newest(source) > modified(target))

if (stale) {
  console.log('正在构建…… / Building…')
  // A shell, because npm is a script on Windows.
  const { status } = spawnSync('npm run build', { shell: true, stdio: 'inherit' })
  process.exitCode = status ?? 1
}

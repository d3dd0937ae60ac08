// Builds before `npm start` where it is needed: nothing is built yet, or a source is newer than what was built.

import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** When a file of this folder was last changed; 0 where there is no folder. */
function newest(folder) {
  if (!modified(folder)) return 0
  return Math.max(...readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => modified(join(entry.parentPath ?? entry.path, entry.name))))
}

// Sources that what is built contains. An installation without sources, such as the image, is never stale.
const parts = [
  { target: 'lib/instance/worker.js', sources: ['bin'] },
  ...readdirSync('plugins').map(name => ({
    target: `plugins/${name}/lib/index.js`, sources: [`plugins/${name}/src`, 'packages/common/src'],
  })),
]

const stale = parts.some(({ target, sources }) => Math.max(...sources.map(newest)) > modified(target))

if (stale) {
  console.log('正在构建…… / Building…')
  // A shell, because npm is a script on Windows.
  const { status } = spawnSync('npm run build', { shell: true, stdio: 'inherit' })
  process.exitCode = status ?? 1
}

// Builds before `npm start` and `npm run demo` if there is no build yet or a source file is newer.

import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pluginFolders } from './workspaces.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** The latest modification time of a file in this folder; 0 if the folder does not exist. */
function newest(folder) {
  if (!modified(folder)) return 0
  return Math.max(...readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => modified(join(entry.parentPath ?? entry.path, entry.name))))
}

// Build results and their sources. An installation without sources, such as the Docker image, is never stale.
const parts = [
  { target: 'lib/instance/worker.js', sources: ['bin'] },
  ...pluginFolders().flatMap(folder => [
    { target: `${folder}/lib/index.js`, sources: [`${folder}/src`, 'packages/common/src'] },
    { target: `${folder}/dist/index.js`, sources: [`${folder}/client`] },
  ]),
]

const stale = parts.some(({ target, sources }) => Math.max(...sources.map(newest)) > modified(target))

if (stale) {
  console.log('正在构建…… / Building…')
  // With a shell, because npm is a script on Windows.
  const { status } = spawnSync('npm run build', { shell: true, stdio: 'inherit' })
  process.exitCode = status ?? 1
}

/** Finds the workspaces that package.json names, so that a new one needs no change of a script. */

import { existsSync, readFileSync, readdirSync } from 'node:fs'

/** The folders of all workspaces, relative to the project folder, which has to be the working directory. */
export function workspaces() {
  const { workspaces } = JSON.parse(readFileSync('package.json', 'utf8'))
  return workspaces.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern]
    const parent = pattern.slice(0, -2)
    if (!existsSync(parent)) return []
    return readdirSync(parent).map(name => `${parent}/${name}`).filter(folder => existsSync(`${folder}/package.json`))
  })
}

/** The folders of the plugins that are built: their manifest names `lib/index.js`. */
export function pluginFolders() {
  return workspaces().filter(folder => JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).main === 'lib/index.js')
}

/**
 * Makes `require` load the plugins of this repository from their sources instead of their build, for development and
 * specs: `node -r esbuild-register -r yml-register -r ./scripts/register-sources.ts bin/start.ts`
 */

import { existsSync, realpathSync } from 'node:fs'
import Module from 'node:module'
import { join, sep } from 'node:path'

interface Resolver {
  _resolveFilename(request: string, ...rest: unknown[]): string
}

const resolver = Module as unknown as Resolver
const resolve = resolver._resolveFilename

/** The sources of a workspace, to which npm links in `node_modules`; undefined for other packages. */
function sourcesOf(name: string): string | undefined {
  const link = join(__dirname, '../node_modules', name)
  if (!existsSync(link)) return
  const folder = realpathSync(link)
  const file = join(folder, 'src/index.ts')
  return !folder.includes(`${sep}node_modules${sep}`) && existsSync(file) ? file : undefined
}

resolver._resolveFilename = function(request, ...rest) {
  const isPlugin = /^koishi-plugin-[\w-]+$/.test(request)
  return resolve.call(this, (isPlugin && sourcesOf(request)) || request, ...rest)
}

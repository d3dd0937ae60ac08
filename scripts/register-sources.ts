/**
 * Makes `require` load the plugins of this repository from their sources instead of their build, for development and
 * specs: `node -r esbuild-register -r yml-register -r ./scripts/register-sources.ts bin/start.ts`
 */

import { existsSync } from 'node:fs'
import Module from 'node:module'
import { join } from 'node:path'

interface Resolver {
  _resolveFilename(request: string, ...rest: unknown[]): string
}

const resolver = Module as unknown as Resolver
const resolve = resolver._resolveFilename

resolver._resolveFilename = function(request, ...rest) {
  const [, name] = /^koishi-plugin-([\w-]+)$/.exec(request) ?? []
  const file = name && join(__dirname, '../plugins', name, 'src/index.ts')
  return resolve.call(this, file && existsSync(file) ? file : request, ...rest)
}

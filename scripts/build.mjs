/**
 * Builds what `npm start` and the registry need: each plugin's `lib` with its declarations, and the launcher.
 * An error anywhere is an error of the build.
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { build } from 'esbuild'
import { load } from 'js-yaml'

const plugins = ['adapter-wecom-bot', 'gemini-chat']

const yaml = {
  name: 'yaml',
  setup(build) {
    build.onLoad({ filter: /\.yml$/ }, ({ path }) => {
      return { loader: 'json', contents: JSON.stringify(load(readFileSync(path, 'utf8'))) }
    })
  },
}

/** Packages stay outside; one that the manifest does not name would be missing wherever the plugin is installed. */
const declared = manifest => ({
  name: 'declared',
  setup(build) {
    build.onResolve({ filter: /^[@\w]/ }, ({ path, kind }) => {
      if (kind === 'entry-point') return
      const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
      const isDeclared = name in { ...manifest.dependencies, ...manifest.peerDependencies }
      if (isBuiltin(path) || isDeclared) return { path, external: true }
      return { errors: [{ text: `${manifest.name} does not depend on ${name}` }] }
    })
  },
})

const common = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', charset: 'utf8', logLevel: 'warning' }

await Promise.all(plugins.map(name => rm(`plugins/${name}/lib`, { recursive: true, force: true })))
const tsc = ['node_modules/typescript/bin/tsc', '-b', '--force', ...plugins.map(name => `plugins/${name}`)]
if (spawnSync(process.execPath, tsc, { stdio: 'inherit' }).status !== 0) process.exit(1)
await Promise.all(plugins.map(name => build({
  ...common,
  entryPoints: [`plugins/${name}/src/index.ts`],
  outfile: `plugins/${name}/lib/index.js`,
  plugins: [yaml, declared(JSON.parse(readFileSync(`plugins/${name}/package.json`, 'utf8')))],
})))
await build({
  ...common,
  entryPoints: ['bin/start.ts', 'bin/instance/worker.ts'],
  outdir: 'lib',
  packages: 'external',
})

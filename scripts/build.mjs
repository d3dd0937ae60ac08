/**
 * Builds what `npm start` and the registry need: each plugin's `lib` with its declarations, its page for the console in
 * `dist` if it has one, and the launcher.
 * Any error fails the build.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { build } from 'esbuild'
import { load } from 'js-yaml'
import { buildPage } from './build-page.mjs'
import { bundleDeclarations } from './bundle-declarations.mjs'
import { assertDeclared, isPackage, packageOf } from './declared-packages.mjs'
import { pluginFolders } from './workspaces.mjs'

const folders = pluginFolders()

const yaml = {
  name: 'yaml',
  setup(build) {
    build.onLoad({ filter: /\.yml$/ }, ({ path }) => {
      return { loader: 'json', contents: JSON.stringify(load(readFileSync(path, 'utf8'))) }
    })
  },
}

/** Bundles the private workspace `common`; all other packages stay outside, where the plugin is installed. */
const packages = {
  name: 'packages',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, kind }) => {
      if (kind === 'entry-point' || !isPackage(path) || packageOf(path) === 'common') return
      return { path, external: true }
    })
  },
}

const options = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', charset: 'utf8', logLevel: 'warning' }

async function buildPlugin(folder) {
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const outfile = `${folder}/lib/index.js`
  const { metafile } = await build({
    ...options, entryPoints: [`${folder}/src/index.ts`], outfile, metafile: true, plugins: [yaml, packages],
  })
  assertDeclared(manifest, metafile.outputs[outfile].imports.map(({ path }) => path), outfile)
  bundleDeclarations(folder, manifest)
  if (existsSync(`${folder}/client`)) await buildPage(folder)
}

await Promise.all(['packages/common', ...folders].map(folder => rm(`${folder}/lib`, { recursive: true, force: true })))
const tsc = ['node_modules/typescript/bin/tsc', '-b', '--force', ...folders]
if (spawnSync(process.execPath, tsc, { stdio: 'inherit' }).status !== 0) process.exit(1)
await Promise.all(folders.map(buildPlugin))
await build({
  ...options,
  entryPoints: ['bin/start.ts', 'bin/instance/worker.ts'],
  outdir: 'lib',
  plugins: [yaml, packages],
})

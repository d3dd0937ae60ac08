/**
 * Makes a plugin's declarations independent of the private workspace `common`: the declarations it refers to are copied
 * into `lib/common`, and all references to `common` are made relative.
 */

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { assertDeclared, isPackage, packageOf } from './declared-packages.mjs'

const source = 'packages/common/lib'

/** Module names in `from '…'`, `import '…'`, `import('…')` and `declare module '…'`. */
const specifier = /(?<=\b(?:from|import|module)\s*\(?\s*)(["'])([^"'\n]+)\1/g

/** The declarations that a relative module name stands for. */
function fileOf(folder, path) {
  const file = join(folder, `${path}.d.ts`)
  return existsSync(file) ? file : join(folder, path, 'index.d.ts')
}

/** @throws where a declaration of `common` refers to a package that the manifest does not name */
export function bundleDeclarations(folder, manifest) {
  const lib = `${folder}/lib`
  const queue = readdirSync(lib, { recursive: true }).filter(file => file.endsWith('.d.ts')).map(file => join(lib, file))
  const done = new Set(queue)
  const add = (file) => {
    if (done.has(file)) return
    done.add(file)
    queue.push(file)
  }
  for (const file of queue) {
    const original = join(source, relative(`${lib}/common`, file))
    const text = readFileSync(original.startsWith(source) ? original : file, 'utf8')
    const outside = []
    const bundled = text.replace(specifier, (whole, quote, path) => {
      if (!isPackage(path)) {
        if (original.startsWith(source)) add(fileOf(dirname(original), path).replace(source, `${lib}/common`))
        return whole
      }
      if (packageOf(path) !== 'common') {
        outside.push(path)
        return whole
      }
      const target = `${lib}/common/${path.slice('common/'.length)}/index`
      add(`${target}.d.ts`)
      const to = relative(dirname(file), target)
      return quote + (to.startsWith('.') ? to : `./${to}`) + quote
    })
    if (original.startsWith(source)) assertDeclared(manifest, outside, file)
    if (bundled === text && !original.startsWith(source)) continue
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bundled)
  }
}

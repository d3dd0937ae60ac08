/** Checks that a plugin declares the packages it loads: one that is missing from its manifest is not installed. */

import { isBuiltin } from 'node:module'

/** Whether an import names a package rather than a file. */
export function isPackage(path) {
  return /^[@\w]/.test(path)
}

/** The package of an import: `@scope/name/file` is in `@scope/name`. */
export function packageOf(path) {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/')
}

/**
 * @param paths what a built file imports
 * @throws where one of them is no built-in module and no dependency or peer dependency of the manifest
 */
export function assertDeclared(manifest, paths, file) {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies }
  const missing = paths.filter(path => isPackage(path) && !isBuiltin(path) && !(packageOf(path) in declared))
  if (!missing.length) return
  const names = [...new Set(missing.map(packageOf))].join(', ')
  throw new Error(`${manifest.name} does not depend on ${names}, which ${file} imports: add it to its package.json`)
}

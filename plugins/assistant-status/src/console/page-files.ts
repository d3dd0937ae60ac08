import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The folder of the built page. The console serves only files below a folder `node_modules`, and Node.js resolves the
 * link of a workspace in there to its target: the link is looked up again.
 */
export function findPage(name: string, folder = __dirname): string {
  const links = (require.resolve.paths(name) ?? []).map(path => join(path, name, 'dist'))
  const built = join(folder, '..', 'dist')
  return built.includes('node_modules') ? built : links.find(path => existsSync(join(path, 'index.js'))) ?? built
}

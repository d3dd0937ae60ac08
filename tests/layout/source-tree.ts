import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

export const root = resolve(__dirname, '../..')

/** Folders of the repository that hold sources, apart from what is installed or built. */
export function foldersBelow(folder: string): string[] {
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && !['node_modules', 'lib', 'data', 'coverage'].includes(entry.name))
  return [folder, ...folders.flatMap(({ name }) => foldersBelow(join(folder, name)))]
}

/** Imports between the TypeScript files of a folder, type-only ones included; paths are relative to it. */
export function importsWithin(folder: string): Map<string, string[]> {
  const files = foldersBelow(folder).flatMap(below => readdirSync(below).map(name => join(below, name)))
    .filter(file => file.endsWith('.ts') && statSync(file).isFile())
  return new Map(files.map((file) => {
    const specifiers = [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'";]*?\bfrom '(\.[^']*)'/gm)]
    const targets = specifiers.flatMap(([, specifier]) => resolveFile(join(dirname(file), specifier)))
    return [relative(folder, file), targets.map(target => relative(folder, target))]
  }))
}

function resolveFile(path: string): string[] {
  return [path, `${path}.ts`, join(path, 'index.ts')].filter(file => existsSync(file) && statSync(file).isFile())
}

/** Groups of files that import one another, each sorted (Tarjan's strongly connected components). */
export function circles(graph: Map<string, string[]>): string[][] {
  const found: string[][] = []
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const visit = (file: string) => {
    order.set(file, order.size)
    lowest.set(file, order.get(file)!)
    stack.push(file)
    for (const next of graph.get(file) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!))
    }
    if (lowest.get(file) !== order.get(file)) return
    const component = stack.splice(stack.indexOf(file))
    if (component.length > 1 || graph.get(file)?.includes(file)) found.push(component.sort())
  }
  for (const file of graph.keys()) if (!order.has(file)) visit(file)
  return found
}

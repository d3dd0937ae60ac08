import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { root } from '../support/instance'
import { repositoryFiles } from '../support/repository'

/** Every Satori adapter has this circle: the bot creates sessions, and its encoder and adapter refer to the bot. */
const allowed = [
  ['adapter', 'bot', 'dispatch', 'message'].map(name => `plugins/adapter-wecom-bot/src/${name}.ts`),
]

/** Local imports of each file, type-only ones included, which the lint rule `import-x/no-cycle` ignores. */
function readImports(): Map<string, string[]> {
  const files = new Set(repositoryFiles().filter(file => /\.(ts|mjs)$/.test(file)))
  const imports = new Map<string, string[]>()
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8')
    const targets = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^'\n]*)'/g)].flatMap(([, path]) => {
      const target = posix.join(dirname(file), path)
      return [target, `${target}.ts`, `${target}/index.ts`].find(candidate => files.has(candidate)) ?? []
    })
    imports.set(file, targets)
  }
  return imports
}

/** Tarjan's algorithm. @returns the groups of files that import each other, and files that import themselves */
function findCircles(imports: Map<string, string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (file: string) => {
    order.set(file, order.size)
    lowest.set(file, order.get(file)!)
    stack.push(file)
    for (const target of imports.get(file)!) {
      if (!order.has(target)) visit(target)
      if (stack.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = stack.splice(stack.indexOf(file))
    if (circle.length > 1 || imports.get(file)!.includes(file)) circles.push(circle.sort())
  }
  for (const file of imports.keys()) {
    if (!order.has(file)) visit(file)
  }
  return circles
}

describe('import circles', () => {
  it('do not exist, type imports included, except between the adapter\'s bot and its encoder', () => {
    const imports = readImports()
    assert.ok([...imports.values()].flat().length > 500, 'the imports are found')
    assert.deepEqual(findCircles(imports), allowed)
  })

  it('are found in a graph that has some', () => {
    const graph = new Map([['a', ['b']], ['b', ['c']], ['c', ['b', 'd']], ['d', []], ['e', ['f']], ['f', ['e', 'a']], ['g', ['g']]])
    assert.deepEqual(findCircles(graph), [['b', 'c'], ['e', 'f'], ['g']])
  })
})

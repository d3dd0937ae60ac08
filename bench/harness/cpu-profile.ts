/** A CPU profile as V8 writes it. @see https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface CpuProfile {
  nodes: { id: number, callFrame: { functionName: string, url: string, lineNumber: number }, children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

export interface Share {
  name: string
  /** Of the time that the process was busy. */
  share: number
}

const NOT_BUSY = ['(idle)', '(program)', '(root)']

/**
 * Sums the self time of a profile by package: that of Node's own functions counts to the package that called them.
 * @returns shares of the busy time, the largest first
 */
export function sharesByPackage(profile: CpuProfile): Share[] {
  return shares(profile, (node, parents) => {
    for (let each: Node | undefined = node; each; each = parents.get(each.id)) {
      const name = packageOf(each.callFrame.url)
      if (name) return name
      if (each.callFrame.functionName === '(garbage collector)') return each.callFrame.functionName
    }
    return 'node'
  })
}

/** As above, by function. */
export function sharesByFunction(profile: CpuProfile): Share[] {
  return shares(profile, ({ callFrame: { functionName, url, lineNumber } }) => {
    const file = url.split('/').slice(-3).join('/')
    return `${functionName || '(anonymous)'} ${file}${file && `:${lineNumber + 1}`}`
  })
}

type Node = CpuProfile['nodes'][number]

function shares(profile: CpuProfile, nameOf: (node: Node, parents: Map<number, Node>) => string): Share[] {
  const nodes = new Map(profile.nodes.map(node => [node.id, node]))
  const parents = new Map<number, Node>()
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node)
  const times = new Map<string, number>()
  let busy = 0
  for (const [index, id] of profile.samples.entries()) {
    const node = nodes.get(id)!
    if (NOT_BUSY.includes(node.callFrame.functionName)) continue
    const time = Math.max(0, profile.timeDeltas[index]!)
    const name = nameOf(node, parents)
    busy += time
    times.set(name, (times.get(name) ?? 0) + time)
  }
  return [...times].map(([name, time]) => ({ name, share: time / busy })).sort((a, b) => b.share - a.share)
}

function packageOf(url: string): string | undefined {
  const installed = url.split('/node_modules/').at(-1)
  if (installed && installed !== url) return /^(?:@[^/]+\/)?[^/]+/.exec(installed)?.[0]
  return /\/((?:plugins|packages)\/[^/]+|lib)\//.exec(url)?.[1]
}

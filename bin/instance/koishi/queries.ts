import { Database, Eval } from 'koishi'
import { version } from 'minato/package.json'

/** The release whose methods are replaced. Others may do more in them. */
const KNOWN_VERSION = '3.7.0'

/** What of minato's database its method needs, which is private. */
interface PreparingDatabase {
  prepareTasks: Record<string, Promise<void>>
  prepared(): Promise<void>
  [migrate]?: boolean
}

const migrate: typeof Database.migrate = Database.migrate

/** The columns of a table as expressions. Reading one creates it. */
interface Row {
  $model?: unknown
  $prefix?: string
}

type ObjectExpression = (row: Row) => object

/**
 * Makes building a query cheaper. For each of two steps that every query takes, minato creates an expression and a
 * proxy for every column of the table, which only conditions, sums and the like use: a third of all proxies of a
 * message. And each query waits for a promise of every table. Here expressions are created when they are read, and
 * tables that are ready are not waited for. Behaviour is the same.
 * @returns a function that reverts this, or `undefined` where minato has another version and nothing was done
 */
export function speedUpQueries(installed: string = version): (() => void) | undefined {
  if (installed !== KNOWN_VERSION) return
  const expressions = Eval as unknown as { object: ObjectExpression }
  const database = Database.prototype as unknown as PreparingDatabase
  const { object } = expressions
  const { prepared } = database
  const ready = new WeakSet<Promise<void>>()

  expressions.object = (row) => {
    return row.$model && row.$prefix === '' ? new Proxy({}, new DeferredObject(() => object(row))) : object(row)
  }
  database.prepared = async function() {
    if (this[migrate]) return
    const tasks = Object.values(this.prepareTasks).filter(task => !ready.has(task))
    if (!tasks.length) return
    await Promise.all(tasks)
    for (const task of tasks) ready.add(task)
  }
  return () => {
    expressions.object = object
    database.prepared = prepared
  }
}

/** An object that gets its properties when it is first used. */
class DeferredObject implements ProxyHandler<object> {
  constructor(private create?: () => object) {}

  get(target: object, key: PropertyKey, receiver: unknown): unknown {
    return Reflect.get(this.filled(target), key, receiver)
  }

  set(target: object, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    return Reflect.set(this.filled(target), key, value, receiver)
  }

  has(target: object, key: PropertyKey): boolean {
    return Reflect.has(this.filled(target), key)
  }

  deleteProperty(target: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.filled(target), key)
  }

  defineProperty(target: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.filled(target), key, descriptor)
  }

  getOwnPropertyDescriptor(target: object, key: PropertyKey): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.filled(target), key)
  }

  ownKeys(target: object): (string | symbol)[] {
    return Reflect.ownKeys(this.filled(target))
  }

  preventExtensions(target: object): boolean {
    return Reflect.preventExtensions(this.filled(target))
  }

  private filled(target: object): object {
    const { create } = this
    if (!create) return target
    this.create = undefined
    return Object.defineProperties(target, Object.getOwnPropertyDescriptors(create()))
  }
}

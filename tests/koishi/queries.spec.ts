import assert from 'node:assert/strict'
import Memory from '@koishijs/plugin-database-memory'
import Sqlite from '@koishijs/plugin-database-sqlite'
import { $, Context, Database } from 'koishi'
import { speedUpQueries } from '../../bin/instance/koishi/queries'

declare module 'koishi' {
  interface Tables {
    query_person: QueryPerson
    query_post: QueryPost
  }
}

interface QueryPerson {
  id: number
  name: string
  count: number
  tags: string[]
  data: { a?: number, list?: number[] }
  address: { city: string, street: { name: string, number: number } }
}

interface QueryPost {
  id: number
  text: string
  author: QueryPerson
}

type Query = (database: Context['database']) => Promise<unknown>

/** One query of each kind that minato has. */
const QUERIES: Record<string, Query> = {
  'rows of a condition': database => database.get('query_person', { count: { $gt: 1 } }),
  'rows of a callback': database => database.get('query_person', row => $.gt(row.count, 1)),
  'rows of a callback with several conditions': database => database.get('query_person', row => {
    return $.and($.gt(row.count, 0), $.eq(row.name, 'b'))
  }),
  'rows of a condition and a callback': database => database.get('query_person', row => ({ name: 'a', $expr: $.lt(row.count, 9) }) as never),
  'rows of a nested column': database => database.get('query_person', { 'address.street.name': 'north' } as never),
  'rows of a nested object': database => database.get('query_person', { address: { city: 'x' } } as never),
  'some columns': database => database.get('query_person', {}, ['name', 'address', 'data']),
  'sorted columns': database => database.get('query_person', {}, { sort: { 'address.street.number': 'desc' } as never, limit: 2, offset: 1 }),
  'the key in short': database => database.get('query_person', [1, 3] as never),
  'a sum': database => database.eval('query_person', row => $.sum(row.count)),
  'a count of a nested column': database => database.eval('query_person', row => $.count(row.address.city)),
  'columns computed': database => database.select('query_person').project({
    double: row => $.add(row.count, row.count),
    city: row => row.address.city,
    whole: row => row.address,
    item: row => row.data.a,
  }).orderBy('double').execute(),
  'rows as objects': database => database.select('query_person').orderBy('id').project({ all: row => $.object(row) as never }).execute(),
  'the whole row': database => database.select('query_person').orderBy(row => row.id).execute(row => $.array($.object(row))),
  groups: database => database.select('query_person').groupBy('address.city' as never, { sum: row => $.sum(row.count) })
    .orderBy(row => row.sum).execute(),
  'groups of objects': database => database.select('query_person').groupBy({ city: row => row.address.city }, { all: row => $.count(row.id) },
    row => $.gt($.count(row.id), 1)).execute(),
  'a join': database => database.join(['query_person', 'query_post'] as const, (person, post) => $.eq(person.id, post.id)).execute(),
  'a join of names': database => database.join({ p: 'query_person', q: 'query_post' } as const, ({ p, q }) => $.eq(p.id, q.id))
    .project({ name: row => row.p.name, text: row => row.q.text }).execute(),
  'a query in a query': database => database.get('query_person', row => $.in(row.id, database.select('query_post').evaluate('id' as never))),
  'a relation': database => database.get('query_post', {}, { include: { author: true } } as never),
  'a condition of a relation': database => database.get('query_post', { author: { name: 'b' } } as never),
  'a change': database => database.set('query_person', { id: 1 }, { name: 'changed', 'data.a': 5 } as never),
  'a computed change': database => database.set('query_person', row => $.eq(row.id, 2), row => ({ count: $.add(row.count, row.address.street.number) })),
  'an update': database => database.upsert('query_person', [{ id: 3, count: 9 }, { id: 7, name: 'new' }]),
  'a computed update': database => database.upsert('query_person', row => [{ id: 3, count: $.multiply(row.count, 2) }]),
  'a new row': database => database.create('query_person', { name: 'created', address: { city: 'z' } } as never),
  'a transaction': database => database.withTransaction(async (inside) => {
    await inside.set('query_person', { id: 1 }, { count: 100 })
    throw new Error('undone')
  }).catch((error: Error) => error.message),
  'a removal': database => database.remove('query_person', row => $.gt(row.count, 50)),
  'a column that is not there': database => database.get('query_person', { absent: 1 } as never).catch(() => 'refused'),
  'what is left': database => database.get('query_person', {}, { sort: { id: 'asc' } }),
}

/** The result of each query, and the statements where there are any. */
async function observe(driver: unknown) {
  const app = new Context()
  app.plugin(driver as never, { path: ':memory:' } as never)
  app.model.extend('query_person', {
    id: 'unsigned', name: 'string', count: { type: 'unsigned', initial: 1 }, tags: 'list', data: 'json',
    'address.city': { type: 'string', initial: 'x' }, 'address.street.name': 'string', 'address.street.number': 'unsigned',
  } as never, { autoInc: true })
  app.model.extend('query_post', {
    id: 'unsigned', text: 'text', author: { type: 'manyToOne', table: 'query_person', target: 'posts' },
  } as never, { autoInc: true })
  await app.start()
  await new Promise<unknown>(resolve => app.inject(['database'], resolve))
  const { database } = app
  const seen: Record<string, unknown> = {}
  try {
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
      const address = { city: index % 2 ? 'x' : 'y', street: { name: index ? 'north' : 'south', number: index } }
      await database.create('query_person', { name, count: index, tags: [name], data: { a: index, list: [index] }, address })
      if (index) await database.create('query_post', { text: name, author: { id: index } } as never)
    }
    const statements: string[] = []
    const { logger } = database.drivers[0] as unknown as { logger?: { debug(format: string, sql: string): void } }
    if (logger) logger.debug = (_, sql) => void statements.push(withoutAliases(sql))
    for (const [name, query] of Object.entries(QUERIES)) {
      seen[name] = { result: await query(database).catch((error: Error) => `error: ${withoutAliases(error.message)}`), statements: statements.splice(0) }
    }
  } finally {
    await app.stop()
  }
  return seen
}

/** Each query has names of its own for tables. */
function withoutAliases(sql: string) {
  const names: string[] = []
  return sql.replace(/\b[a-z]{8}\b(?=[ .`,)]|$)/g, (name) => {
    if (!names.includes(name)) names.push(name)
    return `t${names.indexOf(name)}`
  })
}

describe('speedUpQueries', function() {
  this.timeout(240_000)

  for (const [name, driver] of Object.entries({ 'in memory': Memory, 'in SQLite': Sqlite })) {
    it(`changes no statement and no result ${name}`, async () => {
      const before = await observe(driver)
      const undo = speedUpQueries()
      assert.ok(undo, 'minato has another version: compare what is replaced, and name the version')
      try {
        assert.deepEqual(await observe(driver), before)
      } finally {
        undo()
      }
      assert.deepEqual(await observe(driver), before)
    })
  }

  it('creates expressions of columns only when they are read', async () => {
    const proxiesOf = async (query: Query) => {
      const app = new Context()
      app.plugin(Memory as never)
      const columns = Array.from({ length: 50 }, (_, index) => [`x${index}`, 'string'])
      app.model.extend('query_person', { id: 'unsigned', name: 'string', ...Object.fromEntries(columns) } as never)
      await app.start()
      await new Promise<unknown>(resolve => app.inject(['database'], resolve))
      await query(app.database)
      const { Proxy } = globalThis
      let proxies = 0
      globalThis.Proxy = Object.assign(function(target: object, handler: ProxyHandler<object>) {
        proxies++
        return new Proxy(target, handler)
      }, { revocable: Proxy.revocable }) as never
      try {
        await query(app.database)
      } finally {
        globalThis.Proxy = Proxy
        await app.stop()
      }
      return proxies
    }
    const undo = speedUpQueries()!
    try {
      assert.ok(await proxiesOf(database => database.get('query_person', { id: 1 })) < 50)
      assert.ok(await proxiesOf(database => database.set('query_person', { id: 1 }, { name: 'x' })) < 50)
      assert.ok(await proxiesOf(database => database.get('query_person', row => $.eq($.object(row) as never, 1))) > 50)
    } finally {
      undo()
    }
  })

  it('waits for a table that is added, and fails with one that fails', async () => {
    const undo = speedUpQueries()!
    try {
      const database = Object.create(Database.prototype) as {
        prepareTasks: Record<string, Promise<void>>
        prepared(): Promise<void>
      }
      database.prepareTasks = {}
      let isReady = false
      database.prepareTasks.a = Promise.resolve()
      await database.prepared()
      database.prepareTasks.b = new Promise<void>(resolve => setImmediate(() => {
        isReady = true
        resolve()
      }))
      await database.prepared()
      assert.equal(isReady, true)
      database.prepareTasks.a = Promise.reject(new Error('no table'))
      for (let time = 0; time < 2; time++) await assert.rejects(database.prepared(), /no table/)
      database.prepareTasks.a = Promise.resolve()
      await database.prepared()
    } finally {
      undo()
    }
  })

  it('leaves another version of minato as it is', () => {
    assert.equal(speedUpQueries('3.7.1'), undefined)
  })
})

/** Results that are kept. Larger ones are those of conversations, which are read once, and of long lists of keys. */
const MAX_RESULTS = 2000
const MAX_ROWS = 4
const MAX_CHARACTERS = 1000

/** What a plain read of one table looks like, with its texts taken out. Its alias is another one each time. */
const PLAIN_READ = /^SELECT (?:`[^`]+`(?:, )?)+ FROM `([^`]+)` (\w+) WHERE /
const BEYOND_PLAIN = /\w\(|\bSELECT\b|\bJOIN\b|\bUNION\b/i
const TEXT = /'(?:[^']|'')*'/g

const WRITE = /^\s*(?:INSERT INTO|UPDATE|DELETE FROM) [`"]?([^`"\s(]+)/i
const NO_WRITE = /^\s*(?:BEGIN|COMMIT|SAVEPOINT|RELEASE)\b/i

/**
 * The rows of small reads, until their table is written: who sends a message, for instance, is read for each one and
 * hardly ever changes. Only for a file that nothing else can write.
 */
class ReadCache {
  results = new Map()
  /** How often each table was written. */
  versions = new Map()

  /** @returns what `query` returns, now or for an earlier read since the last write */
  read(sql, query) {
    const plain = PLAIN_READ.exec(sql)
    if (!plain) return query()
    const [start, table, alias] = plain
    const condition = sql.slice(start.length)
    if (BEYOND_PLAIN.test(condition.replace(TEXT, '')) || condition.includes(alias)) return query()
    const key = `${start.slice(0, start.lastIndexOf(alias))}${condition}`
    if (key.length > MAX_CHARACTERS) return query()
    const version = this.versions.get(table.toLowerCase()) ?? 0
    const known = this.results.get(key)
    if (known?.version === version) return copy(known.rows)
    const rows = query()
    if (!isSmall(rows)) return rows
    if (this.results.size >= MAX_RESULTS) this.results.clear()
    this.results.set(key, { version, rows: copy(rows) })
    return rows
  }

  /** Forgets what a statement may have changed, whether or not it succeeded. */
  written(sql) {
    const table = WRITE.exec(sql)?.[1].toLowerCase()
    if (table) this.versions.set(table, (this.versions.get(table) ?? 0) + 1)
    // A transaction that is rolled back has been read, too.
    else if (!NO_WRITE.test(sql)) this.results.clear()
  }
}

function copy(rows) {
  return rows.map(row => ({ ...row }))
}

function isSmall(rows) {
  if (rows.length > MAX_ROWS) return false
  let characters = 0
  for (const row of rows) {
    for (const value of Object.values(row)) {
      // Bytes could be changed in place.
      if (typeof value === 'object' && value !== null) return false
      if (typeof value === 'string') characters += value.length
    }
  }
  return characters <= MAX_CHARACTERS
}

module.exports = { ReadCache }

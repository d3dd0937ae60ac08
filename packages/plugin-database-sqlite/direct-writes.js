/** More rows than this are looked up together first: most of them are probably new. */
const MAX_DIRECT_ROWS = 32

/**
 * Sets columns of the rows that a simple condition names, in one statement. The stock driver reads the rows, changes
 * them and writes each.
 * @returns how many there are; `undefined` where that is not possible, and nothing was done
 */
function setDirectly(driver, { query, model, table }, values) {
  if (!isKey(driver, model, query) || !areColumns(model, values)) return
  return { matched: update(driver, table, model, query, values) }
}

/**
 * Updates rows, and inserts those that are not there. The stock driver reads them first.
 * @returns how many were updated and inserted; `undefined` where that is not possible, and nothing was done
 */
function upsertDirectly(driver, { model, table }, rows, keys) {
  if (!rows.length || rows.length > MAX_DIRECT_ROWS || !keys.length) return
  const split = rows.map(row => divide(row, keys))
  if (!split.every(({ key, values }) => {
    return Object.keys(key).length === keys.length && isKey(driver, model, key) && areColumns(model, values)
  })) return
  const write = () => {
    const result = { inserted: 0, matched: 0, modified: 0 }
    for (const { key, values } of split) {
      if (update(driver, table, model, key, values)) {
        result.matched++
      } else {
        driver._create(table, { ...model.create(), ...key, ...values })
        result.inserted++
      }
    }
    return result
  }
  return split.length > 1 ? together(driver, write) : write()
}

/**
 * Writes rows to the file together, also within a transaction. Where one fails, they are written one after the other,
 * so that those before it are stored as in the stock driver. No other statement comes between.
 */
function together(driver, write) {
  driver._run('SAVEPOINT several_rows')
  try {
    const result = write()
    driver._run('RELEASE several_rows')
    return result
  } catch {
    try {
      driver._run('ROLLBACK TO several_rows')
      driver._run('RELEASE several_rows')
    } catch (error) {
      // Where the disk is full, SQLite has undone everything already.
      if (!/no such savepoint/.test(error.message)) throw error
    }
    return write()
  }
}

function update(driver, table, model, query, values) {
  const changes = driver.sql.dump(values, model)
  const condition = driver.sql.dump(query, model)
  const assignments = Object.keys(changes).map(name => `\`${name}\` = ?`).join(', ')
  const conditions = Object.keys(condition).map(name => `\`${name}\` = ?`).join(' AND ')
  const params = [...Object.values(changes), ...Object.values(condition)].map(value => value ?? null)
  const count = () => driver._get('SELECT changes() AS count')
  return Number(driver._run(`UPDATE \`${table}\` SET ${assignments} WHERE ${conditions}`, params, count).count)
}

/** Whether these are values of columns that are stored whole. */
function areColumns(model, values) {
  const fields = model.availableFields()
  const names = Object.keys(values)
  return names.length > 0 && names.every(name => name in fields && !name.includes('.') && isLiteral(values[name]))
}

/** Whether rows are named by texts and numbers that are stored as they are. */
function isKey(driver, model, query) {
  if (!areColumns(model, query)) return false
  const stored = driver.sql.dump(query, model)
  return Object.entries(query).every(([name, value]) => {
    return (typeof value === 'string' || typeof value === 'number') && stored[name] === value
  })
}

function divide(row, keys) {
  const key = {}
  const values = {}
  for (const [name, value] of Object.entries(row)) (keys.includes(name) ? key : values)[name] = value
  return { key, values }
}

/** Whether a value is stored as it is: it is no expression that the database computes, and has none in it. */
function isLiteral(value) {
  if (Array.isArray(value)) return value.every(isLiteral)
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  return !Object.keys(value).some(key => key.startsWith('$'))
}

module.exports = { setDirectly, upsertDirectly }

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const PAGE = join(__dirname, '../docs/operations/stored-data.en.md')

/** What bounds each table and file, by its name; names of files may contain `*`. */
export interface Sweeps {
  tables: Record<string, string>
  files: Record<string, string>
}

/** Reads the page that tells operators what is stored, and what removes it. */
export function readSweeps(page = readFileSync(PAGE, 'utf8')): Sweeps {
  const [, tables, files] = page.split(/^## /m)
  return { tables: rowsOf(tables), files: rowsOf(files) }
}

function rowsOf(section: string): Record<string, string> {
  const rows = section.split('\n').map(line => line.split('|').map(cell => cell.trim()))
  return Object.fromEntries(rows.flatMap(([, names = '', , bound = '']) => {
    return [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, bound])
  }).filter(([, bound]) => bound))
}

/** What bounds a table or a file. @returns `undefined` if the page does not say it */
export function sweepOf(name: string, sweeps: Record<string, string>): string | undefined {
  for (const [pattern, sweep] of Object.entries(sweeps)) {
    if (new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}$`).test(name)) return sweep
  }
}

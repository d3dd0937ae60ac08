import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { VARIABLES } from '../../bin/instance/env'
import { entries, schemas } from '../package/schema'
import { root } from '../support/instance'
import { repositoryFiles } from '../support/repository'

const files = repositoryFiles()
const pages = files.filter(file => file.endsWith('.md') && !file.includes('CHANGELOG'))

const read = (file: string) => readFileSync(join(root, file), 'utf8')
/** The prose of a page, without its fenced code. */
const prose = (page: string) => read(page).replace(/^ *```[^]*?^ *```/gm, '')
/** Where each match of a pattern stands, as `page: match`. */
const found = (text: (page: string) => string, pattern: RegExp) => pages.flatMap((page) => {
  return [...text(page).matchAll(pattern)].map(([, name]) => ({ page, name }))
})

/** Variables that are not settings of the instance, and what they are. */
const OTHER_VARIABLES = new Map([
  ['KOISHI_CONFIG_FILE', 'Koishi reads it'],
  ['KOISHI_LOG_LEVEL', 'Koishi reads it'],
  ['REDIS_PASSWORD', 'compose.yaml reads it'],
  ['WECOM_TOKEN', 'a name of the Python bot'],
  ['WECOM_ENCODING_AES_KEY', 'a name of the Python bot'],
])

/** Paths that readers make themselves. */
const OWN_PATHS = ['plugins/deploy/']

/** The fragments of the headings of a page, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const headings = [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, text]) => text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))
  return new Set(headings.map(text => text.toLowerCase().replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '').trim().replace(/\s/g, '-')))
}

describe('what the documents refer to', () => {
  it('is there: files and headings behind links', () => {
    const broken = found(prose, /\]\((?!https?:|mailto:)([^)\s]+)\)/g).filter(({ page, name }) => {
      const [path, fragment] = decodeURI(name).split('#')
      const target = path ? normalize(join(dirname(page), path)) : page
      if (!existsSync(join(root, target))) return true
      return fragment && target.endsWith('.md') && !anchors(target).has(fragment)
    })
    assert.deepEqual(broken, [])
  })

  it('is there: files in code', () => {
    const folders = 'bench|bin|deploy|docs|endure|examples|packages|plugins|scripts|testkit|tests'
    const names = found(prose, new RegExp(`\`((?:${folders})/[\\w./-]+)\``, 'g'))
    assert.deepEqual(names.filter(({ name }) => !OWN_PATHS.includes(name) && !existsSync(join(root, name))), [])
  })

  it('is there: environment variables', () => {
    const names = found(read, /\b((?:WECOM|DINGTALK|GEMINI|OPENAI|KOISHI|REDIS|SOCKS|LOG|SELF)_[A-Z_]*[A-Z])\b/g)
    const known = new Set<string>([...VARIABLES, ...OTHER_VARIABLES.keys()])
    assert.deepEqual(names.filter(({ name }) => !known.has(name)), [])
  })

  it('is there: commands of the chat', () => {
    const sources = files.filter(file => /^plugins\/.*\/src\/.*\.ts$/.test(file)).map(read).join('\n')
    const known = new Set([...sources.matchAll(/\.command\('([\w.-]+)/g)].map(([, name]) => name))
    const names = found(read, /`((?:gemini|dingtalk)\.[a-z]+)\b/g)
    assert.ok(names.length > 20)
    assert.deepEqual(names.filter(({ name }) => !known.has(name)), [])
  })
})

describe('the settings in the README of', () => {
  for (const [plugin, schema] of Object.entries(schemas)) {
    for (const readme of ['README.md', 'README.en.md']) {
      it(`${plugin} have the defaults of the plugin: ${readme}`, () => {
        const rows = [...read(`plugins/${plugin}/${readme}`).matchAll(/^\| ([^|]*`[^|]*) \| ([^|]*) \| /gm)]
        const settings = entries(schema).filter(({ kind, path }) => kind === 'setting' && !/[.[]/.test(path))
        for (const { path, schema: { meta } } of settings) {
          // Lists of forms have a row for each field.
          const isOf = (name: string) => name === path || name.startsWith(`${path}[].`)
          const [, names, value] = rows.find(([, names]) => codes(names).some(isOf)) ?? []
          assert.ok(names && value, `${path} is not in the table`)
          assert.ok(isDefault(meta.default, value, codes(names).findIndex(isOf)), `${path}: ${value}`)
        }
      })
    }
  }
})

function codes(text: string): string[] {
  return [...text.matchAll(/`([^`]*)`/g)].map(([, code]) => code)
}

const UNITS: Record<string, number> = {
  毫秒: 1, milliseconds: 1, ms: 1, 秒: 1000, seconds: 1000, s: 1000, 分钟: 60_000, minutes: 60_000, min: 60_000, MB: 1,
}

/** Whether a cell says this default. A cell may have the values of several settings, in the order of their names. */
function isDefault(value: unknown, cell: string, index: number): boolean {
  const values = codes(cell)
  if (Array.isArray(value) && value.length) return String(values) === String(value)
  if (values.length) return [String(value), JSON.stringify(value)].includes(values[values.length > 1 ? index : 0])
  const [, count, unit] = /^([\d,.]+) (\S+)$/.exec(cell) ?? []
  if (count) return Number(count.replace(',', '')) * UNITS[unit] === value
  const isEmpty = value === undefined || value === '' || Object.keys(value as object).length === 0
  // Addresses are named by whose they are.
  return isEmpty ? /^(–|空|empty|none)$/.test(cell) : /^(https|wss):/.test(String(value))
}

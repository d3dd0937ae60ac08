import { MediaError } from '../error'
import { readDateStyles, toDate } from './excel-dates'
import { Outline } from './outline'
import { readRelations } from './relations'
import { readXml } from './xml'

type Parts = ReadonlyMap<string, Buffer>

/** Parts of an Excel workbook that are read. */
export const EXCEL_PARTS = /^xl\/(workbook\.xml|_rels\/workbook\.xml\.rels|sharedStrings\.xml|styles\.xml|worksheets\/[^/]+\.xml)$/

/** Columns of one row: a cell far to the right is not worth a line of thousands of empty ones. */
const MAX_COLUMNS = 256

interface Sheet {
  name: string
  part: string
  isHidden: boolean
}

/**
 * Reads an Excel workbook: each sheet under its name, one table row for each row that is not empty.
 * @see https://ecma-international.org/publications-and-standards/standards/ecma-376/
 * @throws {MediaError}
 */
export async function readExcel(parts: Parts): Promise<string> {
  const outline = new Outline()
  const { sheets, is1904 } = await readWorkbook(parts)
  const strings = await readStrings(parts.get('xl/sharedStrings.xml'))
  const isDate = await readDateStyles(parts.get('xl/styles.xml'))
  for (const { name, part, isHidden } of sheets) {
    const data = parts.get(part)
    if (!data || outline.isFull) continue
    outline.heading(2, isHidden ? `${name} (hidden)` : name)
    await readSheet(data, outline, ({ type, style, value }) => {
      if (type === 's') return strings[Number(value)] ?? ''
      if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE'
      return (type === undefined || type === 'n') && value && isDate(style) ? toDate(Number(value), is1904) : value
    })
  }
  return outline.toString()
}

async function readWorkbook(parts: Parts): Promise<{ sheets: Sheet[], is1904: boolean }> {
  const workbook = parts.get('xl/workbook.xml')
  if (!workbook) throw new MediaError('type', 'the workbook has no list of sheets')
  const relations = await readRelations(parts, 'xl/workbook.xml')
  const sheets: Sheet[] = []
  let is1904 = false
  await readXml(workbook, {
    open(name, { 'r:id': id = '', date1904, ...attributes }) {
      if (name === 'workbookPr') is1904 = date1904 === '1' || date1904 === 'true'
      if (name !== 'sheet') return
      sheets.push({ name: attributes.name ?? '', part: relations.get(id) ?? '', isHidden: /hidden/i.test(attributes.state ?? '') })
    },
  })
  return { sheets, is1904 }
}

/** The texts that cells refer to by number. Pronunciations, which Japanese workbooks have, are left out. */
async function readStrings(data?: Buffer): Promise<string[]> {
  const strings: string[] = []
  if (!data) return strings
  let isText = false
  let isPhonetic = false
  await readXml(data, {
    open(name) {
      if (name === 'si') strings.push('')
      else if (name === 'rPh') isPhonetic = true
      else if (name === 't') isText = true
    },
    close(name) {
      if (name === 'rPh') isPhonetic = false
      else if (name === 't') isText = false
    },
    text(text) {
      if (isText && !isPhonetic && strings.length) strings[strings.length - 1] += text
    },
  })
  return strings
}

interface Cell {
  type?: string
  style: number
  value: string
}

async function readSheet(data: Buffer, outline: Outline, textOf: (cell: Cell) => string) {
  let row: string[] = []
  let column = 0
  let cell: Cell = { style: 0, value: '' }
  let isValue = false
  await readXml(data, {
    open(name, { r, t, s }) {
      if (name === 'row') {
        row = []
        column = 0
      } else if (name === 'c') {
        column = r === undefined ? column + 1 : columnOf(r)
        cell = { type: t, style: Number(s ?? 0), value: '' }
      } else if (name === 'v' || name === 't') {
        isValue = true
      }
    },
    close(name) {
      if (name === 'v' || name === 't') isValue = false
      else if (name === 'c' && column <= MAX_COLUMNS && cell.value) {
        while (row.length < column - 1) row.push('')
        row[column - 1] = textOf(cell)
      } else if (name === 'row') {
        outline.row(row)
      }
    },
    text(text) {
      if (isValue && !outline.isFull) cell.value += text
    },
  })
}

/** The number of a column: 1 for `A7`, 28 for `AB7`. */
function columnOf(reference: string): number {
  let column = 0
  for (const letter of /^[A-Z]{1,3}/i.exec(reference)?.[0].toUpperCase() ?? '') column = column * 26 + letter.charCodeAt(0) - 64
  return column || 1
}

import { MediaError } from '../error'
import { unpack } from './archive'
import { EXCEL_PARTS, readExcel } from './excel'
import { POWERPOINT_PARTS, readPowerpoint } from './powerpoint'
import { readWord, WORD_PARTS } from './word'

const readers: [string, RegExp, (parts: ReadonlyMap<string, Buffer>) => Promise<string>][] = [
  ['word/document.xml', WORD_PARTS, readWord],
  ['xl/workbook.xml', EXCEL_PARTS, readExcel],
  ['ppt/presentation.xml', POWERPOINT_PARTS, readPowerpoint],
]

/**
 * The text of a Word, Excel or PowerPoint file (docx, xlsx, pptx and their templates and macro files) as Markdown. What
 * it is, its content tells, not its name.
 * @returns undefined if the archive is none of these
 * @throws {MediaError} if it is broken, protected or too large
 */
export async function officeText(data: Buffer): Promise<string | undefined> {
  const parts = await unpack(data, name => readers.some(([, pattern]) => pattern.test(name)))
  const reader = readers.find(([main]) => parts.has(main))
  if (!reader) return
  const text = await reader[2](parts)
  if (!text) throw new MediaError('type', 'the document has no text')
  return text
}

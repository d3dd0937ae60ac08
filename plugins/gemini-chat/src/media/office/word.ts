import { Outline } from './outline'
import { readXml } from './xml'
import type { XmlAttributes } from './xml'

type Parts = ReadonlyMap<string, Buffer>

/** Parts of a Word document that are read. */
export const WORD_PARTS = /^word\/(document|styles)\.xml$/

/**
 * Reads a Word document: headings, paragraphs, lists and tables. Deleted text is left out.
 * @see https://ecma-international.org/publications-and-standards/standards/ecma-376/
 * @throws {MediaError}
 */
export async function readWord(parts: Parts): Promise<string> {
  const outline = new Outline()
  const levels = await headingLevels(parts.get('word/styles.xml'))
  /** Cells of the table rows that are open, the innermost last. */
  const rows: string[][] = []
  let paragraph = ''
  let level = 0
  let listLevel: number | undefined
  let isText = false
  /** The depth within parts that repeat others for old programs. */
  let skipped = 0

  function endParagraph() {
    const cells = rows.at(-1)
    if (cells?.length) cells[cells.length - 1] += `${paragraph} `
    else if (level) outline.heading(level, paragraph)
    else if (listLevel !== undefined) outline.item(paragraph, listLevel)
    else outline.paragraph(paragraph)
    paragraph = ''
  }

  await readXml(parts.get('word/document.xml') ?? Buffer.alloc(0), {
    open(name, { val = '' }) {
      if (name === 'Fallback') skipped++
      if (skipped) return
      switch (name) {
        case 'p':
          level = 0
          listLevel = undefined
          break
        case 'pStyle': level = levels.get(val) ?? 0; break
        case 'outlineLvl': level ||= Number(val) < 9 ? Number(val) + 1 : 0; break
        case 'numPr': listLevel = 0; break
        case 'ilvl': listLevel = Number(val) || 0; break
        case 't': isText = true; break
        case 'tab': paragraph += '\t'; break
        case 'br': case 'cr': paragraph += '\n'; break
        case 'tr': rows.push([]); break
        case 'tc': rows.at(-1)?.push(''); break
      }
    },
    close(name) {
      if (name === 'Fallback') skipped--
      if (skipped) return
      if (name === 't') isText = false
      else if (name === 'p') endParagraph()
      else if (name === 'tr') endRow(rows, outline)
    },
    text(text) {
      if (isText && !skipped && !outline.isFull) paragraph += text
    },
  })
  return outline.toString()
}

/** Ends a table row. A table in a cell becomes text of that cell. */
function endRow(rows: string[][], outline: Outline) {
  const cells = rows.pop() ?? []
  const outer = rows.at(-1)
  if (outer?.length) outer[outer.length - 1] += `${cells.join(' ')} `
  else outline.row(cells)
}

/** The heading levels of styles: their ids are names in some languages, and numbers in others. */
async function headingLevels(styles?: Buffer): Promise<Map<string, number>> {
  const levels = new Map<string, number>()
  let id = ''
  if (styles) {
    await readXml(styles, {
      open(name, attributes: XmlAttributes) {
        if (name === 'style') id = attributes.styleId ?? ''
        const [, level] = name === 'name' ? /^heading (\d)$/i.exec(attributes.val ?? '') ?? [] : []
        if (level) levels.set(id, Number(level))
        else if (name === 'name' && /^title$/i.test(attributes.val ?? '')) levels.set(id, 1)
      },
    })
  }
  return levels
}

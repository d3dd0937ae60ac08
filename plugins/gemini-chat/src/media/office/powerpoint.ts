import { Outline } from './outline'
import { readRelations } from './relations'
import { readXml } from './xml'

type Parts = ReadonlyMap<string, Buffer>

/** Parts of a PowerPoint presentation that are read. */
export const POWERPOINT_PARTS = /^ppt\/(presentation\.xml|_rels\/presentation\.xml\.rels|(slides|notesSlides)\/([^/]+\.xml|_rels\/[^/]+\.rels))$/

/**
 * Reads a presentation: each slide under its number and title, with its tables and the speaker's notes.
 * @see https://ecma-international.org/publications-and-standards/standards/ecma-376/
 * @throws {MediaError}
 */
export async function readPowerpoint(parts: Parts): Promise<string> {
  const outline = new Outline()
  const relations = await readRelations(parts, 'ppt/presentation.xml')
  const order: string[] = []
  await readXml(parts.get('ppt/presentation.xml') ?? Buffer.alloc(0), {
    open(name, { 'r:id': id = '' }) {
      const part = name === 'sldId' ? relations.get(id) : undefined
      if (part) order.push(part)
    },
  })
  for (const [index, part] of order.entries()) {
    const data = parts.get(part)
    if (!data || outline.isFull) continue
    const { title, body } = await readSlide(data)
    outline.heading(2, `Slide ${index + 1}${title && `: ${title}`}`)
    for (const write of body) write(outline)
    await readNotes(parts, part, outline)
  }
  return outline.toString()
}

interface Slide {
  title: string
  body: ((outline: Outline) => void)[]
}

async function readSlide(data: Buffer): Promise<Slide> {
  const slide: Slide = { title: '', body: [] }
  let kind = ''
  let paragraph = ''
  let level = 0
  let isText = false
  let cells: string[] | undefined

  function endParagraph() {
    const [text, indent] = [paragraph, level]
    paragraph = ''
    if (cells?.length) cells[cells.length - 1] += `${text} `
    else if (/title/i.test(kind)) slide.title = `${slide.title} ${text}`.trim()
    // Slide numbers, dates and footers say nothing.
    else if (!/^(sldNum|dt|ftr|hdr)$/.test(kind)) slide.body.push(outline => outline.item(text, indent))
  }

  await readXml(data, {
    open(name, attributes) {
      switch (name) {
        case 'sp': kind = ''; break
        case 'ph': kind = attributes.type ?? 'body'; break
        case 'p': level = 0; break
        case 'pPr': level = Number(attributes.lvl ?? 0) || 0; break
        case 't': isText = true; break
        case 'br': paragraph += ' '; break
        case 'tr': cells = []; break
        case 'tc': cells?.push(''); break
      }
    },
    close(name) {
      if (name === 't') isText = false
      else if (name === 'p') endParagraph()
      else if (name === 'tr' && cells) {
        const row = cells
        cells = undefined
        slide.body.push(outline => outline.row(row))
      }
    },
    text(text) {
      if (isText) paragraph += text
    },
  })
  return slide
}

async function readNotes(parts: Parts, slide: string, outline: Outline) {
  const part = [...(await readRelations(parts, slide)).values()].find(name => name.startsWith('ppt/notesSlides/'))
  const data = part === undefined ? undefined : parts.get(part)
  if (!data) return
  const { body } = await readSlide(data)
  if (!body.length) return
  outline.paragraph('Notes:')
  for (const write of body) write(outline)
}

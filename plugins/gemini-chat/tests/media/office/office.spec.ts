import assert from 'node:assert/strict'
import { deflateRawSync } from 'node:zlib'
import { strToU8, zipSync } from 'fflate'
import { officeText } from '../../../src/media/office'
import { toDate } from '../../../src/media/office/excel-dates'

type Files = Record<string, string>

const pack = (files: Files) => Buffer.from(zipSync(Object.fromEntries(
  Object.entries(files).map(([name, text]) => [name, strToU8(text)]),
)))

const w = (body: string) => `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="w" xmlns:mc="mc"><w:body>${body}</w:body></w:document>`
const p = (text: string, properties = '') => `<w:p><w:pPr>${properties}</w:pPr><w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`

function word(body: string, rest: Files = {}) {
  return officeText(pack({ '[Content_Types].xml': '<Types/>', 'word/document.xml': w(body), ...rest }))
}

function excel(sheets: [name: string, rows: string, state?: string][], rest: Files = {}) {
  const relation = (index: number) => `<Relationship Id="rId${index + 1}" Target="worksheets/sheet${index + 1}.xml"/>`
  return officeText(pack({
    'xl/workbook.xml': `<workbook xmlns:r="r"><sheets>${sheets.map(([name, , state = 'visible'], index) => {
      return `<sheet name="${name}" sheetId="${index + 9}" state="${state}" r:id="rId${index + 1}"/>`
    }).join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships>${sheets.map((_, index) => relation(index)).join('')}</Relationships>`,
    ...Object.fromEntries(sheets.map(([, rows], index) => {
      return [`xl/worksheets/sheet${index + 1}.xml`, `<worksheet><sheetData>${rows}</sheetData></worksheet>`]
    })),
    ...rest,
  }))
}

describe('a Word document', () => {
  const styles = `<w:styles xmlns:w="w"><w:style w:styleId="2"><w:name w:val="heading 2"/></w:style>
    <w:style w:styleId="Title"><w:name w:val="Title"/></w:style></w:styles>`

  it('is read with headings, lists, tables and breaks', async () => {
    const table = `<w:tbl><w:tr><w:tc>${p('项目')}</w:tc><w:tc>${p('金额')}</w:tc></w:tr>
      <w:tr><w:tc>${p('a|b')}</w:tc><w:tc>${p('1')}${p('2')}</w:tc></w:tr></w:tbl>`
    const text = await word([
      p('报价单', '<w:pStyle w:val="Title"/>'), p('第一章', '<w:pStyle w:val="2"/>'), p('正文 &amp; 更多'),
      p('一项', '<w:numPr><w:ilvl w:val="0"/></w:numPr>'), p('下一层', '<w:numPr><w:ilvl w:val="1"/></w:numPr>'), table,
      '<w:p><w:r><w:t>甲</w:t><w:br/><w:t>乙</w:t></w:r></w:p>',
    ].join(''), { 'word/styles.xml': styles })
    assert.equal(text, [
      '# 报价单', '', '## 第一章', '', '正文 & 更多', '- 一项', '  - 下一层', '| 项目 | 金额 |', '| a\\|b | 1 2 |', '甲', '乙',
    ].join('\n'))
  })

  it('is read without what was deleted or stands twice', async () => {
    const deleted = '<w:p><w:del><w:r><w:delText>旧</w:delText></w:r></w:del><w:ins><w:r><w:t>新</w:t></w:r></w:ins></w:p>'
    const twice = `<mc:AlternateContent><mc:Choice>${p('框')}</mc:Choice><mc:Fallback>${p('框')}</mc:Fallback></mc:AlternateContent>`
    assert.equal(await word(deleted + twice), '新\n框')
  })

  it('is cut off where it is too long', async () => {
    const text = (await word(p('很长的一段话。'.repeat(100)).repeat(1000)))!
    assert.ok(text.length < 401_000)
    assert.match(text, /\n\[the document is longer, the rest was left out\]$/)
  })
})

describe('an Excel workbook', () => {
  it('is read sheet by sheet, with texts, numbers, dates and gaps', async () => {
    const text = await excel([
      ['报价', `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>备注</t></is></c></row><row r="2"/>
        <row r="3"><c r="A3"><v>1.5</v></c><c r="B3" s="1"><v>45500</v></c><c r="D3" t="b"><v>1</v></c></row>`],
      ['Old', '<row><c t="str"><f>A1</f><v>x</v></c><c><v>2</v></c></row>', 'hidden'],
    ], {
      'xl/sharedStrings.xml': '<sst><si><r><t>名</t></r><r><t>称</t></r><rPh><t>ミョウ</t></rPh></si></sst>',
      'xl/styles.xml': '<styleSheet><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    })
    assert.equal(text, [
      '## 报价', '', '| 名称 |  | 备注 |', '| 1.5 | 2024-07-27 |  | TRUE |', '', '## Old (hidden)', '', '| x | 2 |',
    ].join('\n'))
  })

  it('knows dates of its own and of other formats', async () => {
    const formats = ['yyyy"年"m"月"d"日"', '0.00', '"day" 0', '[Red]0', '[h]:mm']
    const styles = `<styleSheet><numFmts>${formats.map((code, index) => {
      return `<numFmt numFmtId="${200 + index}" formatCode="${code.replaceAll('"', '&quot;')}"/>`
    }).join('')}</numFmts><cellXfs>${formats.map((_, index) => `<xf numFmtId="${200 + index}"/>`).join('')}</cellXfs></styleSheet>`
    const cells = formats.map((_, index) => `<c s="${index}"><v>45500.5</v></c>`).join('')
    const text = await excel([['S', `<row>${cells}</row>`]], { 'xl/styles.xml': styles })
    assert.match(text!, /\| 2024-07-27 12:00:00 \| 45500\.5 \| 45500\.5 \| 45500\.5 \| 2024-07-27 12:00:00 \|/)
  })

  it('counts days as Excel does', () => {
    assert.deepEqual([1, 59, 61, 0.5].map(days => toDate(days, false)), ['1900-01-01', '1900-02-28', '1900-03-01', '12:00:00'])
    assert.equal(toDate(0, true), '1904-01-01')
    assert.equal(toDate(1e9, false), '1000000000')
  })
})

describe('a presentation', () => {
  it('is read slide by slide, in their order, with titles, tables and notes', async () => {
    const shape = (type: string, ...texts: string[]) => `<p:sp><p:nvSpPr><p:nvPr><p:ph type="${type}"/></p:nvPr></p:nvSpPr><p:txBody>${
      texts.map(text => `<a:p><a:r><a:t>${text}</a:t></a:r></a:p>`).join('')}</p:txBody></p:sp>`
    const slide = (body: string) => `<p:sld xmlns:p="p" xmlns:a="a">${body}</p:sld>`
    const cell = (text: string) => `<a:tc><a:txBody><a:p><a:r><a:t>${text}</a:t></a:r></a:p></a:txBody></a:tc>`
    const text = await officeText(pack({
      'ppt/presentation.xml': '<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/></p:sldIdLst></p:presentation>',
      'ppt/_rels/presentation.xml.rels': '<Relationships><Relationship Id="rId1" Target="slides/slide1.xml"/><Relationship Id="rId2" Target="/ppt/slides/slide2.xml"/></Relationships>',
      'ppt/slides/slide1.xml': slide(`<a:tbl><a:tr>${cell('甲')}${cell('乙')}</a:tr></a:tbl>${shape('sldNum', '2')}`),
      'ppt/slides/slide2.xml': slide(shape('ctrTitle', '年度计划') + shape('body', '第一点', '第二点')),
      'ppt/slides/_rels/slide2.xml.rels': '<Relationships><Relationship Id="rId1" Target="../notesSlides/notesSlide1.xml"/></Relationships>',
      'ppt/notesSlides/notesSlide1.xml': slide(shape('body', '慢慢讲') + shape('sldNum', '1')),
    }))
    assert.equal(text, [
      '## Slide 1: 年度计划', '', '- 第一点', '- 第二点', 'Notes:', '- 慢慢讲', '', '## Slide 2', '', '| 甲 | 乙 |',
    ].join('\n'))
  })
})

describe('an archive', () => {
  it('that is no document is left to others', async () => {
    assert.equal(await officeText(pack({ 'a.txt': 'hello' })), undefined)
  })

  it('that is broken is refused', async () => {
    const whole = pack({ 'word/document.xml': w(p('x'.repeat(5000))) })
    await assert.rejects(officeText(pack({ 'word/document.xml': '<w:document><w:p>' })), { reason: 'type' })
    await assert.rejects(officeText(pack({ 'word/document.xml': w('') })), { reason: 'type' })
    const torn = Buffer.from(whole)
    torn.fill(0xff, 60, 90)
    await assert.rejects(officeText(torn), { reason: 'type' })
  })

  it('that unpacks to too much is refused, whatever size it states, without holding other work up', async () => {
    const bomb = bombOf('word/document.xml', 40 << 20)
    assert.ok(bomb.length < 1 << 20)
    let turns = 0
    let immediate = setImmediate(function count() {
      turns++
      immediate = setImmediate(count)
    })
    await assert.rejects(officeText(bomb), { reason: 'size' })
    clearImmediate(immediate)
    assert.ok(turns > 10, `${turns} turns of the event loop`)
  })

  it('with too many parts is refused', async () => {
    const files = Object.fromEntries(Array.from({ length: 2100 }, (_, index) => [`xl/worksheets/s${index}.xml`, '<a/>']))
    await assert.rejects(officeText(pack(files)), { reason: 'size' })
  })

  it('with entities that multiply is refused or read as it stands', async () => {
    const lol = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(1000)}">]>${w('<w:p><w:r><w:t>&b;</w:t></w:r></w:p>').replace(/<\?xml.*?\?>/, '')}`
    const text = await officeText(pack({ 'word/document.xml': lol })).catch(error => error.reason as string)
    assert.ok(text === 'type' || text!.length < 100)
  })
})

/** An archive with one part of so many zeros, which states a size of 10 bytes. */
function bombOf(name: string, size: number): Buffer {
  const data = deflateRawSync(Buffer.alloc(size))
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  head.writeUInt16LE(20, 4)
  head.writeUInt16LE(8, 8)
  head.writeUInt32LE(data.length, 18)
  head.writeUInt32LE(10, 22)
  head.writeUInt16LE(name.length, 26)
  return Buffer.concat([head, Buffer.from(name), data])
}

import assert from 'node:assert/strict'
import { DialectWriter, commonDialect, toDialect } from '../../src/dialect'
import type { Dialect } from '../../src/dialect'
import { draft } from '../../src/markdown'
import { assertLinear } from '../../src/testing'

/** A platform that shows backslashes, breaks lines, and renders tables and display formulas. */
const spaced: Dialect = {
  ...commonDialect, literalMarks: 'spaced', backslashes: 'removed', lineBreaks: 'rendered', tables: 'rendered', otherTags: 'rendered',
  displayMath: 'rendered', thoughts: 'rendered',
}

/** A platform that knows backslashes, joins lines, and hides tags. */
const escaped: Dialect = {
  ...commonDialect, literalMarks: 'escaped', backslashes: 'rendered', lineBreaks: '<br>', tables: 'blank line', otherTags: '&lt;',
  displayMath: 'code', thoughts: 'removed',
}

/** The same without tables. */
const listed: Dialect = { ...escaped, lineBreaks: 'two spaces', tables: 'lists' }

/** Spaces of no or little width, made visible. */
const visible = (text: string) => text.replaceAll('\u200a', '·').replaceAll('\u200b', '∅')

const cases: [name: string, markdown: string, spaced: string, escaped?: string, listed?: string][] = [
  ['plain text', '你好，世界', '你好，世界'],
  ['emphasis between punctuation and a letter', '**注意：**请', '**注意：**·请'],
  ['emphasis behind a letter', '请看**《手册》**第一章', '请看·**《手册》**·第一章'],
  ['emphasis that CommonMark sees', '这是**重点**内容，**注意：** 请', '这是**重点**内容，**注意：** 请'],
  ['emphasis in a list', '1. **目标：**提效', '1. **目标：**·提效'],
  ['emphasis in a heading', '## **一、**总则', '## **一、**·总则'],
  ['emphasis in a quote', '> **批示：**同意', '> **批示：**·同意'],
  ['strong emphasis in emphasis', '***紧急：***处理', '***紧急：***·处理'],
  ['ranges', '10~20℃，夜间 5~8℃', '10·~20℃，夜间 5·~8℃', '10\\~20℃，夜间 5\\~8℃'],
  ['a home directory', '放在 ~/a 和 ~/b', '放在 ~/a 和 ~/b'],
  ['strikethrough', '~~旧~~新', '~~旧~~新'],
  ['products', '尺寸 120*80*60 厘米', '尺寸 120*·80*·60 厘米', '尺寸 120\\*80\\*60 厘米'],
  ['a line break in a cell', '| a |\n| - |\n| 一<br>二 |', '| a |\n| - |\n| 一；二 |', '| a |\n| - |\n| 一；二 |', '- **一；二**'],
  ['line breaks of HTML', '一<br>二<br/>三', '一\n二\n三', '一<br>二<br>三', '一  \n二  \n三'],
  ['a line break in a list item', '- 一<BR>二', '- 一\n  二', '- 一<br>二', '- 一  \n  二'],
  ['a line break in a heading', '# 一<br>二', '# 一；二'],
  ['formatting of HTML', '<b>粗</b><i>斜</i><u>线</u><font color="red">红</font>', '**粗***斜*线红'],
  ['formatting between punctuation and a letter', '<strong>注意：</strong>请', '**注意：**·请'],
  ['formatting that is not closed', '<b>粗', '粗'],
  ['struck and code of HTML', '<del>旧</del> <code>a*b</code> <kbd>Ctrl</kbd>', '~~旧~~ `a*b` `Ctrl`'],
  ['subscripts and superscripts', 'H<sub>2</sub>O，10<sup>-3</sup>，V<sub>最大</sub>，x<sup>乙</sup>', 'H₂O，10⁻³，V(最大)，x^(乙)'],
  ['links and images of HTML', '<a href="https://a.cn/b">甲</a><img src="https://a.cn/c.png" alt="图">', '[甲](https://a.cn/b)![图](https://a.cn/c.png)'],
  ['comments', '甲<!-- 注释 -->乙', '甲乙'],
  ['comments of several lines', '甲\n<!-- 一\n二 -->\n乙', '甲\n乙', '甲<br>乙', '甲  \n乙'],
  ['tags that format nothing', '填 <token> 和 <at id="1"/>', '填 <token> 和 <at id="1"/>', '填 &lt;token> 和 <at id="1"/>', '填 &lt;token> 和 <at id="1"/>'],
  ['HTML in code', '`<br>` 与 `<b>`', '`<br>` 与 `<b>`'],
  ['HTML in a block of code', '```html\n<br>**注意：**请\n```', '```html\n<br>**注意：**请\n```'],
  ['targets with spaces', '[手册](https://x.com/产品 手册.pdf)', '[手册](https://x.com/产品%20手册.pdf)'],
  ['targets with parentheses and titles', '[a](https://x.com/b_(c) "标题")', '[a](https://x.com/b_%28c%29)'],
  ['links to no page', '[a](#b) [c](sandbox:/d) [e](/f)', 'a c e'],
  ['images', '![图](https://x.com/a b.png) ![](data:image/png;base64,AA==)', '![图](https://x.com/a%20b.png) '],
  ['addresses before Chinese', '见 https://a.cn/b，详见', '见 https://a.cn/b·，详见'],
  ['addresses between angle brackets', '见 <https://a.cn/b>。', '见 https://a.cn/b·。'],
  ['footnotes', '见[^1]。\n\n[^1]: 来源', '见[1]。\n\n[1] 来源'],
  ['tasks', '- [x] 甲\n- [ ] 乙', '- ☑ 甲\n- ☐ 乙'],
  ['entities', 'a&nbsp;b&mdash;c&copy;', 'a\u00a0b—c©'],
  ['entities that are markup', '&lt;b&gt; &amp;lt; &#42;a&#42;', '<∅b> &∅lt; *·a*·', '&lt;b&gt; &amp;lt; &#42;a&#42;', '&lt;b&gt; &amp;lt; &#42;a&#42;'],
  ['backslashes', '\\*必填\\*，a\\_b，1\\. c', '*·必填*·，a_·b，1. c', '\\*必填\\*，a\\_b，1\\. c', '\\*必填\\*，a\\_b，1\\. c'],
  ['formulas in a line', '设 \\(a_1*b\\) 与 $x^2$', '设 `a_1*b` 与 `x^2`'],
  ['sums of money', '从 $5 到 $8', '从 $5 到 $8'],
  ['formulas of several lines', '$$\na*b\n$$\n完', '\\[\na*b\n\\]\n完', '```latex\na*b\n```\n完', '```latex\na*b\n```\n完'],
  ['a formula that is not closed', '\\[\na\n\n完', '\\[\na\n\\]\n\n完', '```latex\na\n```\n\n完', '```latex\na\n```\n\n完'],
  ['nested lists', '1. 甲\n  - 乙\n    丙\n2. 丁', '1. 甲\n   - 乙\n     丙\n2. 丁'],
  ['lists that are nested deep enough', '- 甲\n    - 乙\n      丙', '- 甲\n    - 乙\n      丙'],
  ['code in nested lists', '1. 甲\n  - 乙\n    ```js\n    a\n    ```', '1. 甲\n   - 乙\n     ```js\n     a\n     ```'],
  ['headings without a space', '##标题\n正文', '## 标题\n正文'],
  ['a topic', '#话题 正文', '#话题 正文'],
  ['rules', '甲\n\n---\n\n***', '甲\n\n---\n\n***'],
  ['reference links', '[a][1]\n\n[1]: https://a.cn', '[a][1]\n\n[1]: https://a.cn'],
  ['paragraphs and lines', '一\n二\n\n三', '一\n二\n\n三', '一<br>二\n\n三', '一  \n二\n\n三'],
  ['a table behind a line', '如下：\n| a | b |\n| - | - |\n| 1 | **乙：**2 |', '如下：\n| a | b |\n| - | - |\n| 1 | **乙：**·2 |', '如下：\n\n| a | b |\n| - | - |\n| 1 | **乙：**·2 |', '如下：\n- **1**\n  - b: **乙：**·2'],
  ['a table without rows', '| a | b |\n| - | - |\n\n完', '| a | b |\n| - | - |\n\n完', '| a | b |\n| - | - |\n\n完', '**a** **b**\n\n完'],
  ['a pipe that is no table', '| a |\n完', '| a |\n完', '| a |\n完', '| a |\n完'],
  ['thoughts', '<think>\n甲\n</think>\n\n乙', '<think>\n甲\n</think>\n\n乙', '\n乙', '\n乙'],
]

describe('dialects', () => {
  for (const [name, markdown, ...expected] of cases) {
    it(`bring in ${name}`, () => {
      const [first, second = first, third = second] = expected
      assert.equal(visible(toDialect(markdown, spaced)), first)
      assert.equal(visible(toDialect(markdown, escaped)), second)
      assert.equal(visible(toDialect(markdown, listed)), third)
    })
  }

  it('leave what they have written as it is', () => {
    for (const dialect of [spaced, escaped]) {
      for (const [name, markdown] of cases) {
        const once = toDialect(markdown, dialect)
        if (!/formula|backslashes|entities/.test(name)) assert.equal(toDialect(once, dialect), once, name)
      }
    }
  })
})

describe('DialectWriter', () => {
  const growing = cases.map(([, markdown]) => markdown).filter(markdown => !/^```|\$\$|\\\[/m.test(markdown))
  const texts = [...growing, growing.join('\n\n')]

  it('writes a growing text as it writes the whole text', () => {
    for (const dialect of [spaced, escaped, listed]) {
      for (const text of cases.map(([, markdown]) => markdown)) {
        const writer = new DialectWriter(dialect)
        for (let length = 0; length <= text.length; length++) {
          assert.equal(writer.write(text.slice(0, length)), toDialect(text.slice(0, length), dialect))
        }
      }
    }
  })

  it('moves nothing that is shown while a text grows', () => {
    for (const dialect of [spaced, escaped]) {
      for (const text of texts) {
        const writer = new DialectWriter(dialect)
        let shown = ''
        for (let end = 1; end <= text.length; end++) {
          const { length, suffix } = draft(text.slice(0, end))
          const written = writer.write(text.slice(0, length) + suffix)
          // The closing fence of code is indented as its lines are.
          const closing = suffix.trim()
          assert.ok(written.endsWith(closing), JSON.stringify([written.slice(-40), closing]))
          const next = written.slice(0, written.length - closing.length).trimEnd()
          assert.ok(next.startsWith(shown), JSON.stringify([shown.slice(-60), next.slice(-60)]))
          shown = next
        }
      }
    }
  })

  it('starts again where a text is another one', () => {
    const writer = new DialectWriter(spaced)
    writer.write('```\na\nb')
    assert.equal(writer.write('甲\n**乙：**丙'), '甲\n**乙：**\u200a丙')
  })

  for (const [name, dialect] of Object.entries({ spaced, escaped, listed })) {
    it(`takes time in proportion to the text: ${name}`, () => assertLinear(text => toDialect(text, dialect))).timeout(120_000)
  }
})

import assert from 'node:assert/strict'
import { h } from 'koishi'
import { needsStockEncoder, toMarkdown } from '../../src/render/elements'

const render = (markup: string) => toMarkdown(h.parse(markup)).trim()

describe('toMarkdown', () => {
  it('passes raw Markdown as it is', () => {
    for (const text of ['# 标题\n\n**重点** `a_b` <at all/>', '```\na\n\n\n\nb\n```\n']) {
      assert.equal(toMarkdown([h('markdown', h.text(text))]), text)
    }
  })

  it('escapes what is markup in text, and leaves the rest readable', () => {
    for (const [text, expected] of [
      ['普通文字，5000 次。', '普通文字，5000 次。'],
      ['# 不是标题', '\\# 不是标题'],
      ['- 不是列表\n1. 也不是\n> 也不是', '\\- 不是列表\n1\\. 也不是\n\\> 也不是'],
      ['2 * 3 * 4 = 24', '2 \\* 3 \\* 4 = 24'],
      ['snake_case_name _斜_', 'snake_case_name \\_斜\\_'],
      ['[a](b) `c` ~~d~~', '\\[a\\](b) \\`c\\` \\~\\~d\\~\\~'],
      ['<font color="red">红</font> &lt;', '&lt;font color="red">红&lt;/font> &amp;lt;'],
      ['    缩进', '\u00A0\u00A0\u00A0\u00A0缩进'],
    ]) assert.equal(toMarkdown([h.text(text)]), expected)
  })

  it('writes Koishi\'s elements in Markdown', () => {
    for (const [markup, expected] of [
      ['<b>粗</b><i>斜</i><s>删</s><code>a*b</code>', '**粗***斜*~~删~~`a*b`'],
      ['<b> 粗 </b>', '**粗**'],
      ['<p>一</p><p>二</p>', '一\n\n二'],
      ['一<br/>二', '一\n二'],
      ['<h2>标题</h2>正文', '## 标题\n\n正文'],
      ['<ul><li>甲</li><li>乙<ol><li>一</li><li>二</li></ol></li></ul>', '- 甲\n- 乙\n  1. 一\n  2. 二'],
      ['<blockquote>引<br/>用</blockquote>', '> 引\n> 用'],
      ['<pre><code lang="js">a\n```\nb</code></pre>', '````js\na\n```\nb\n````'],
      ['<a href="https://a.b/(c) d">文字</a>', '[文字](https://a.b/%28c%29%20d)'],
      ['<img src="https://a.b/c.png" alt="图"/>', '![图](https://a.b/c.png)'],
      ['<at id="alice" name="爱丽丝"/> <at type="all"/>', '@爱丽丝 @all'],
      ['<sharp id="1" name="频道"/>', '#频道'],
      ['一<hr/>二', '一\n\n---\n\n二'],
      ['<unknown>里面</unknown>', '里面'],
      ['<quote id="1">引用</quote>文字<button id="x">按钮</button>', '文字'],
    ]) assert.equal(render(markup), expected, markup)
  })

  it('removes thoughts, complete or not, and leaves tags in code alone', () => {
    const raw = (text: string) => toMarkdown([h('markdown', h.text(text))])
    assert.equal(raw('<think>\n想\n\n再想\n</think>\n\n答'), '答')
    assert.equal(raw('注意\n\n<think>\n想\n</think>\n\n答'), '注意\n\n答')
    assert.equal(raw('<think>\n想到一半'), '')
    assert.equal(raw('```html\n<think>\n```\n答'), '```html\n<think>\n```\n答')
    assert.equal(raw('一行里的 <think> 标签'), '一行里的 <think> 标签')
  })
})

describe('needsStockEncoder', () => {
  it('says so of files, and of pictures that are not on the web', () => {
    for (const [markup, expected] of [
      ['<file src="https://a.b/c.pdf"/>', true],
      ['<audio src="https://a.b/c.mp3"/>', true],
      ['<img src="data:image/png;base64,AAAA"/>', true],
      ['<p>文字<img src="file:///c.png"/></p>', true],
      ['<img src="https://a.b/c.png"/>', false],
      ['<p>文字</p>', false],
    ] as const) assert.equal(needsStockEncoder(h.parse(markup)[0]), expected, markup)
  })
})

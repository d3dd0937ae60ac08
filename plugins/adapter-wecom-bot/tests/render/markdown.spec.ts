import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { h } from 'koishi'
import { renderElements } from '../../src/render/markdown'
import { walk } from '../support/markdown'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

function text(source: string | h[]) {
  return renderElements(typeof source === 'string' ? h.parse(source) : source).text
}

describe('renderElements', () => {
  for (const [source, expected] of [
    ['plain', 'plain'],
    ['<b>b</b><strong>s</strong>', '**b**\u200b**s**'],
    ['<i>i</i> <em>e</em>', '*i* *e*'],
    ['说<b>“引”</b>', '说\u200a**“引”**'],
    ['<s>s</s> <del>d</del>', '~~s~~ ~~d~~'],
    ['<b> spaced </b>', '**spaced**'],
    ['a<b> b </b>c', 'a **b** c'],
    ['<b></b><i> </i>x', 'x'],
    ['<b><i>both</i></b>', '***both***'],
    ['<code>x*y*</code>', '`x*y*`'],
    ['<code>a`b</code>', '``a`b``'],
    ['<code>`a`</code>', '`` `a` ``'],
    ['<code></code>x', 'x'],
    ['a<br/>b', 'a\nb'],
    ['<code>a</code><code>b</code>', '`a`\u200b`b`'],
    ['<b>重要。</b>提示', '**重要。**\u200a提示'],
    ['<b>“引”</b>', '**“引”**'],
    ['<b><p>one</p><p>two</p></b>', '**one**\n\n**two**'],
    ['<p>one</p><p>two</p>three', 'one\n\ntwo\n\nthree'],
    ['<h1>title</h1>text', '# title\n\ntext'],
    ['<h6>a<br/>b</h6>', '###### a b'],
    ['a<hr/>b', 'a\n\n---\n\nb'],
    ['<quote>one<br/>two</quote>three', '> one\n> two\n\nthree'],
    ['<quote id="1"/>text', 'text'],
    ['<blockquote><p>one</p><p>two</p></blockquote>', '> one\n> \n> two'],
    ['<ul><li>one</li><li>two<ul><li>three</li></ul></li></ul>', '- one\n- two\n  - three'],
    ['<ol start="9"><li>nine</li><li>ten<ol><li>x</li></ol></li></ol>', '9. nine\n10. ten\n    1. x'],
    ['<ul><li><p>one</p><p>two</p></li></ul>', '- one\n  two'],
    ['<a href="https://example.com/a(b)">link</a>', '[link](https://example.com/a%28b%29)'],
    ['<a href="https://example.com">[x]</a>', '[x](https://example.com)'],
    ['<a href="https://example.com"/>', 'https://example.com'],
    ['<a href="https://example.com">https://example.com</a>', 'https://example.com'],
    ['<a href="javascript:alert(1)">link</a>', 'link'],
    ['<at id="1" name="Bob"/>hi', '@Bob hi'],
    ['<at type="all"/>hi', '@所有人 hi'],
    ['<sharp id="1" name="general"/>', '#general'],
    ['<img src="https://example.com/a.png" title="[a]"/>', '![a](https://example.com/a.png)'],
    ['<file src="https://example.com/a.pdf" title="a.pdf"/>', '[文件：a.pdf](https://example.com/a.pdf)'],
    ['<video src="file:///etc/passwd"/>', '[视频，无法发送]'],
    ['<audio src="data:audio/mp3;base64,AAAA"/>', '[语音，无法发送]'],
    ['<img src="file:///etc/passwd"/>', '[图片，无法显示]'],
    ['<spl>hidden</spl><unknown><b>inner</b></unknown>', 'hidden**inner**'],
    ['<button type="link" href="https://example.com">go</button>', '[go](https://example.com)'],
  ]) {
    it(source, () => {
      assert.equal(text(source), expected)
    })
  }

  it('escapes marks in text', () => {
    const hostile = '# a\n**b** <think> | c | [d](e) `f`'
    for (const elements of [[h.text(hostile)], [h('b', hostile)], [h('at', { name: hostile })], [h('p', hostile)]]) {
      const kinds = new Set([...walk(text(elements))].map(({ token }) => token.type))
      for (const kind of ['heading', 'table', 'link', 'codespan', 'html']) assert.ok(!kinds.has(kind), kind)
    }
  })

  it('keeps text from joining with its neighbours', () => {
    assert.equal([...walk(text([h.text('2**'), h('b', 'x')]))].filter(({ token }) => token.type === 'strong').length, 1)
    assert.deepEqual(
      [...walk(text([h.text('[a]'), h.text('(https://example.com)')]))].filter(({ token }) => token.type === 'link').map(
        ({ token }) => token.raw,
      ),
      ['https://example.com'],
    )
  })

  it('passes Markdown on unchanged, with blank lines and indentation', () => {
    const markdown = '    indented\n\n```py\ndef f():\n    pass\n\n\n\ndef g():\n    pass\n```\n| a |\n| - |\n\n\n<think>x</think>'
    assert.equal(text([h('markdown', h.text(markdown))]), markdown)
    assert.equal(text([h('markdown', h.text('\n\n' + markdown + '\n\n'))]), markdown)
  })

  it('keeps blank lines of code', () => {
    const code = 'one\n\n\n\ntwo'
    assert.equal(text([h('p', 'a'), h('pre', h.text(code)), h('p', 'b')]), `a\n\n\`\`\`\n${code}\n\`\`\`\n\nb`)
    assert.equal(
      text([h('ul', h('li', h.text('a'), h('pre', h.text('one\n\ntwo'))))]),
      '- a\n  ```\n  one\n  \n  two\n  ```',
    )
  })

  it('separates Markdown blocks from their neighbours', () => {
    assert.equal(text([h('markdown', h.text('```\ncode\n```')), h.text('note')]), '```\ncode\n```\n\nnote')
    assert.equal(text([h.text('note'), h('markdown', h.text('# title'))]), 'note\n\n# title')
    assert.equal(text([h('markdown', h.text('```js\ncode')), h.text('note')]), '```js\ncode\n```\n\nnote')
    assert.equal(text([h.text('is '), h('markdown', h.text('**it**')), h.text('.')]), 'is **it**.')
  })

  it('fences code with longer marks than it contains', () => {
    assert.equal(text([h('code-block', { lang: 'ts' }, h.text('a'))]), '```ts\na\n```')
    assert.equal(text([h('pre', h.text('```\nx\n```'))]), '````\n```\nx\n```\n````')
    assert.equal(text([h('pre', { lang: 'a`b\nc' }, h.text('x'))]), '```abc\nx\n```')
    const [{ token }] = [...walk(text([h('pre', h.text('` '.repeat(200_000)))]))]
    assert.equal(token.type, 'code')
  })

  it('fills up short rows of tables', () => {
    const row = (tag: string, ...cells: string[]) => h('tr', cells.map(cell => h(tag, h.text(cell))))
    const table = h('table', [row('th', 'a', 'b'), row('td', '1|2', '3\n4'), row('td', '5')])
    assert.equal(text([h.text('x'), table, h.text('y')]), 'x\n\n| a | b |\n| --- | --- |\n| 1｜2 | 3 4 |\n| 5 |  |\n\ny')
    assert.equal(text([h('table')]), '')
  })

  it('collects embedded images, and shows a placeholder for others', () => {
    const { text, images } = renderElements(h.parse(`a<img src="data:image/png;base64,${PNG}"/>b`))
    assert.equal(text, 'ab')
    assert.deepEqual(images, [{ base64: PNG, md5: createHash('md5').update(Buffer.from(PNG, 'base64')).digest('hex') }])
  })

  for (const [name, source] of [
    ['no data', 'data:image/png;base64,'],
    ['padding only', 'data:image/png;base64,='],
    ['one byte', 'data:image/png;base64,AA=='],
    ['two bytes', 'data:image/png;base64,//8='],
    ['another kind', 'data:image/gif;base64,R0lGODdhAQABAAAAACw='],
    ['a page', 'data:text/html,<script>'],
    ['too many bytes', `data:image/png;base64,${Buffer.concat([Buffer.from(PNG, 'base64'), Buffer.alloc(1 << 20)]).toString('base64')}`],
  ]) {
    it(`shows a placeholder for a picture of ${name}`, () => {
      const { text, images } = renderElements([h('img', { src: source })])
      assert.match(text, /^\[图片.*\]$/)
      assert.deepEqual(images, [])
    })
  }

  it('collects at most ten images', () => {
    const { text, images } = renderElements(Array.from({ length: 12 }, () => h('img', { src: `data:image/png;base64,${PNG}` })))
    assert.equal(images.length, 10)
    assert.equal(text.match(/图片/g)!.length, 2)
  })

  it('renders buttons with too long a key as text', () => {
    const button = (text: string) => h('button', { type: 'input', text }, [h.text('go')])
    const long = '长'.repeat(341)
    const { text, buttons } = renderElements([h.text('?'), button('a'.repeat(1022)), button(long)])
    assert.deepEqual(buttons.map(({ input }) => input), ['a'.repeat(1022)])
    assert.equal(text, `?\n\ngo：${long}`)
    const id = renderElements([h('button', { id: 'a'.repeat(1023) }, [h.text('go')])])
    assert.deepEqual([id.text, id.buttons], ['go', []])
  })

  it('survives deeply nested elements', () => {
    let element = h.text('x')
    for (let depth = 0; depth < 500; depth++) element = h(['b', 'quote', 'ul', 'p', 'unknown'][depth % 5], element)
    assert.ok(text([element]).length < 100_000)
  })

  it('renders no elements as an empty text', () => {
    for (const source of ['', ' ', '<p/>', '<b></b>', '<ul></ul>', '<message/>', '<br/>']) assert.equal(text(source), '')
  })
})

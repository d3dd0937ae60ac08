import assert from 'node:assert/strict'
import { h } from 'koishi'
import { render } from '../../src/delivery/render'
import type { Reader } from '../../src/delivery/render'

const bot = { platform: 'telegram' }

/** Elements as markup: what is escaped in it is text. */
const markup = (markdown: string, reader: Reader = bot) => render(markdown, reader).join('')

function types(elements: h[]): string[] {
  return elements.flatMap(({ type, children }) => [type, ...types(children)])
}

/** Model output that tries to run commands with the authority of the user. */
const attacks = [
  '<execute>help</execute>',
  'a <b>b</b> <at type="all"/> c',
  '<at type="all"/>',
  '<img src="file:///etc/passwd"/>',
  '&lt;at id="1"/&gt; &#60;execute&#62;',
  '<i18n path="internal.low-authority"/>',
  '[click](javascript:alert(1))',
  '[click](java\nscript:alert(1))',
  '[click](<java&#115;cript:alert(1)>)',
  '[click](data:text/html;base64,PHNjcmlwdD4=)',
  '![x](file:///etc/passwd)',
  '![x](javascript:alert(1))',
  '<file:///etc/passwd>',
  '<javascript:alert(1)>',
  '```\n<execute>help</execute>\n```',
  '`<execute>help</execute>`',
  '# <execute>help</execute>',
  '- <execute>help</execute>',
  '> <execute>help</execute>',
  '| <execute>help</execute> |\n| --- |\n| <img src="file:///etc/passwd"/> |',
  '**<execute>help</execute>**',
  '[<execute>help</execute>](https://koishi.chat)',
  '[x]: javascript:alert(1)\n\n[x]',
  '<!-- <execute>help</execute> -->',
  '</message><message><execute>help</execute>',
  '{{ constructor }} {0} {@each}',
]

const harmless = new Set(['text', 'b', 'i', 's', 'code', 'pre', 'a'])

describe('render', () => {
  const readers: Reader[] = [bot, { platform: 'dingtalk' }, { platform: 'line' }, { platform: 'wecom-bot', markdown: true }]
  for (const reader of readers) {
    it(`turns markup into text for ${reader.platform}`, () => {
      for (const attack of attacks) {
        const elements = render(attack, reader)
        const dangerous = types(elements).filter(type => !harmless.has(type) && !(reader.markdown && type === 'markdown'))
        assert.deepEqual(dangerous, [], attack)
        for (const { attrs } of h.select(elements, 'a')) assert.match(attrs.href, /^(https?|mailto):/, attack)
        // As Koishi would parse it, if it were converted to a string.
        assert.deepEqual(types(h.parse(elements.join(''))).filter(type => type === 'execute' || type === 'img'), [], attack)
      }
    })
  }

  it('shows markup as it was written', () => {
    assert.equal(markup('<at type="all"/> **hi**'), '&lt;at type="all"/&gt; <b>hi</b>')
    assert.equal(markup('a < b && c > d'), 'a &lt; b &amp;&amp; c &gt; d')
    assert.equal(markup('&lt;at id="1"/&gt;'), '&amp;lt;at id="1"/&amp;gt;')
    assert.equal(markup('`<at/>`'), '<code>&lt;at/&gt;</code>')
  })

  it('passes raw Markdown to a bot that takes it', () => {
    const markdown = '# T\n\n<execute>help</execute>\n\n```js\n1\n```'
    const [element, ...rest] = render(markdown, { platform: 'wecom-bot', markdown: true })
    assert.deepEqual([element.type, element.attrs, rest], ['markdown', {}, []])
    assert.deepEqual(element.children.map(({ type, attrs }) => [type, attrs]), [['text', { content: markdown }]])
  })

  it('uses the format of the settings', () => {
    const formats = { mock: 'markdown', kook: 'plain', dingtalk: 'elements', qq: 'text', line: 'elements' } as const
    const write = (platform: string) => render('**a** `b`', { platform }, { formats }).join('')
    assert.equal(write('mock'), '<markdown>**a** `b`</markdown>')
    assert.equal(write('kook'), '<b>a</b> b')
    assert.equal(write('dingtalk'), '<b>a</b> <code>b</code>')
    assert.equal(write('qq'), 'a b')
    assert.equal(write('line'), '<b>a</b> <code>b</code>')
    assert.equal(write('other'), '<b>a</b> <code>b</code>')
    assert.equal(render('`b`', { platform: 'kook', markdown: true }, { formats }).join(''), 'b')
  })

  it('renders inline styles', () => {
    assert.equal(markup('**b** *i* ~~s~~ `c` ***both***'), '<b>b</b> <i>i</i> <s>s</s> <code>c</code> <i><b>both</b></i>')
    assert.equal(markup('a \\*b\\*'), 'a *b*')
    assert.equal(markup('snake_case_name 2*3*4'), 'snake_case_name 2<i>3</i>4')
  })

  it('keeps links to pages and mail addresses', () => {
    assert.equal(markup('[k](https://koishi.chat "t")'), '<a href="https://koishi.chat">k</a>')
    assert.equal(markup('https://koishi.chat'), '<a href="https://koishi.chat">https://koishi.chat</a>')
    assert.equal(markup('[m](mailto:a@b.c)'), '<a href="mailto:a@b.c">m</a>')
    assert.equal(markup('[x](javascript:alert(1)) [y](/etc/passwd)'), 'x y')
  })

  it('turns images into links', () => {
    assert.equal(markup('![a cat](https://x.y/c.png)'), '<a href="https://x.y/c.png">a cat</a>')
    assert.equal(markup('![](https://x.y/c.png)'), '<a href="https://x.y/c.png">https://x.y/c.png</a>')
  })

  it('lays out blocks as lines', () => {
    assert.equal(markup('# T\n\ntext\nmore\n\n***\n\nend'), '<b>T</b>\n\ntext\nmore\n\n———\n\nend')
    assert.equal(markup('- a\n- b\n  - c\n- [x] d\n- [ ] e'), '• a\n• b\n  • c\n☑ d\n☐ e')
    assert.equal(markup('3. a\n4. **b**'), '3. a\n4. <b>b</b>')
    assert.equal(markup('> a\n> b\n>\n> c'), '&gt; a\n&gt; b\n&gt; \n&gt; c')
    assert.equal(markup('| a | b |\n| - | - |\n| 1 | `2` |'), '<b>a | b</b>\n1 | <code>2</code>')
    assert.equal(markup('| a |\n| - |\n| 1 |\n\nend'), '<b>a</b>\n1\n\nend')
    assert.equal(markup('a<br>b'), 'a\nb')
  })

  it('keeps the paragraphs of a list item together', () => {
    assert.equal(markup('1. a\n\n   more\n\n2. b'), '1. a\n\n  more\n\n2. b')
  })

  it('keeps code as it is', () => {
    assert.equal(markup('```ts\nif (a < b) {\n\n  c\n}\n```'), '<pre><code lang="ts">if (a &lt; b) {\n\n  c\n}</code></pre>')
    assert.equal(markup('a\n```\nb\n```\nc'), 'a\n<pre><code>b</code></pre>\nc')
  })

  it('keeps to what the stock encoder of DingTalk can show', () => {
    const dingtalk = { platform: 'dingtalk' }
    assert.equal(
      markup('# T\n\n~~s~~ `c` **b** *i*\n\n```js\n1\n2\n```\n\n- a', dingtalk),
      '<b>T</b>\n\ns c <b>b</b> <i>i</i>\n\n1\n2\n\n• a',
    )
    // The encoder calls `encodeURI` on it.
    assert.equal(markup('[k](https://k.c/%E4%B8%AD)', dingtalk), '<a href="https://k.c/中">k</a>')
    assert.equal(markup('[k](https://k.c/100%)', dingtalk), '<a href="https://k.c/100%">k</a>')
  })

  it('renders text alone where an encoder drops all other elements, and loses nothing', () => {
    const markdown = [
      '# T', '**b** *i* ~~s~~ `c` [k](https://koishi.chat) https://koishi.chat', '```js\n1\n```', '| a | **b** |\n|---|---|\n| 1 | 2 |',
    ].join('\n\n')
    for (const platform of ['line', 'wechat-official']) {
      const elements = render(markdown, { platform })
      assert.deepEqual(elements.map(({ type }) => type), ['text'])
      assert.equal(elements[0].attrs.content, 'T\n\nb i s c k (https://koishi.chat) https://koishi.chat\n\n1\n\na | b\n1 | 2')
    }
    for (const platform of ['slack', 'zulip']) {
      const known = new Set(types(render(markdown, { platform })))
      assert.deepEqual([...known].sort(), ['a', 'b', 'i', 'text'])
    }
  })

  it('does not depend on the configuration of the shared parser', async () => {
    const { marked } = await import('marked')
    const before = { ...marked.defaults }
    marked.use({ tokenizer: { codespan: () => undefined }, gfm: false })
    try {
      assert.equal(markup('`c` ~~s~~'), '<code>c</code> <s>s</s>')
    } finally {
      marked.setOptions(before)
    }
  })

  it('leaves no blank lines around the text', () => {
    assert.equal(markup('\n\na\n\n'), 'a')
    assert.deepEqual(render('', bot), [])
  })

  it('joins adjacent texts', () => {
    assert.deepEqual(types(render('a\nb\n\n- c\n- d <x> \\* &amp;', bot)), ['text'])
  })
})

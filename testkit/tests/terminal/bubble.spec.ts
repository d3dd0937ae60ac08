import assert from 'node:assert/strict'
import { Bubble } from '../../src'
import { toPlainText, width, wrap } from '../../src/terminal/layout'

/** Emulates line feeds, carriage returns, cursor up, erase below and scrolling. */
class Terminal {
  isTTY = true
  lines = ['']
  private row = 0
  private text = ''

  constructor(public columns = 20, public rows = 5) {}

  /** The visible rows. */
  get window() {
    return this.lines.slice(-this.rows)
  }

  write(text: string) {
    for (const [token] of text.matchAll(/\x1b\[(\d*)([A-Z])|\n|\r|[^\x1b\n\r]+/g)) {
      const [, count, command] = /\x1b\[(\d*)([A-Z])/.exec(token) ?? []
      if (command === 'A') this.row = Math.max(this.row - Number(count), this.lines.length - this.rows)
      else if (command === 'J') this.lines = [...this.lines.slice(0, this.row), '']
      else if (token === '\n') this.lines[++this.row] ??= ''
      else if (token === '\r') this.text = ''
      else {
        assert(width(token) < this.columns, `too wide: ${token}`)
        this.lines[this.row] += token
      }
    }
  }
}

describe('terminal layout', () => {
  it('computes the width of a text in columns', () => {
    for (const [text, columns] of [['abc', 3], ['你好', 4], ['，', 2], ['é', 1], ['e\u0301', 1], ['👩‍👩‍👧', 2], ['❤️', 2], ['…', 1]] as const) {
      assert.equal(width(text), columns, text)
    }
  })

  it('wraps rows at the given width', () => {
    assert.deepEqual(wrap('你好ab\n\nabcdef', 5), ['你好a', 'b', '', 'abcde', 'f'])
    assert.deepEqual(wrap('a你好', 4), ['a你', '好'])
  })

  it('removes control characters and marks the thinking block', () => {
    assert.equal(toPlainText('a\x1b[31mb\x1b]0;title\x07\x08c\r\nd\te'), 'abc\nd  e')
    assert.equal(toPlainText('<think></think>'), '💭')
    assert.equal(toPlainText('<think>hm'), '💭 hm')
    assert.equal(toPlainText('<think>\na\nb\n</think>\n\nhi\n'), '💭 a\n   b\nhi')
  })

  describe('Bubble', () => {
    it('grows in place', () => {
      const terminal = new Terminal()
      const bubble = new Bubble(terminal)
      const show = (text: string) => {
        bubble.update(text)
        assert.deepEqual(terminal.lines, ['> hi', ...text.split('\n')])
      }
      terminal.write('> hi\n')
      for (const text of ['', '你', '你好', '你好\n\n- a', '你好\n\n- a\n- b', 'all\nnew', 'short']) show(text)
      bubble.finish('the end')
      terminal.write('> ')
      assert.deepEqual(terminal.lines, ['> hi', 'the end', '> '])
    })

    it('redraws from the first changed row', () => {
      const terminal = new Terminal()
      const bubble = new Bubble(terminal)
      bubble.update('one\ntwo')
      const written: string[] = []
      const screen = { isTTY: true, write: (text: string) => written.push(text) }
      Object.assign(bubble, { screen })
      bubble.update('one\ntwo\nthree')
      bubble.update('one\ntwo\nthree')
      bubble.update('one\nTWO\nthree')
      assert.deepEqual(written, ['\nthree', '\r\x1b[1A\x1b[JTWO\nthree'])
    })

    it('shows the end of a text longer than the window, and all of it when finished', () => {
      const terminal = new Terminal()
      const bubble = new Bubble(terminal)
      for (const text of ['1', '1\n2\n3\n4', '1\n2\n3\n4\n5', '1\n2\n3\n4\n5\n6\n7']) bubble.update(text)
      assert.deepEqual(terminal.window, ['⋮', '5', '6', '7'])
      bubble.finish()
      assert.deepEqual(terminal.lines, ['1', '2', '3', '4', '5', '6', '7', ''])
    })

    it('writes only the final text if the output is not a terminal', () => {
      const written: string[] = []
      const bubble = new Bubble({ write: (text: string) => written.push(text) })
      bubble.update('a')
      bubble.update('ab')
      bubble.finish()
      bubble.finish()
      assert.equal(written.join(''), 'ab\n')
    })
  })
})

import { cpuTimeMs } from 'common/testing'
import assert from 'node:assert'
import { createSseParser, formatEvent } from '../../../src/engine/http/sse'

function read(text: string, size = text.length || 1) {
  const tokenizer = createSseParser()
  const bytes = Buffer.from(text)
  const events = []
  for (let i = 0; i < bytes.length; i += size) events.push(tokenizer.push(bytes.subarray(i, i + size)))
  return [...events, tokenizer.end()].flat()
}

const data = (...texts: string[]) => texts.map(data => ({ data }))

describe('createSseParser', () => {
  for (const [name, newline] of [['CRLF', '\r\n'], ['LF', '\n'], ['CR', '\r']]) {
    it(`takes ${name} line ends, however the bytes are split`, () => {
      const text = ['data: {"a":1}', '', 'data: {"b":"你好🌍"}', '', ''].join(newline)
      for (const size of [1, 2, 3, 7, 1000]) assert.deepEqual(read(text, size), data('{"a":1}', '{"b":"你好🌍"}'))
    })
  }

  it('takes mixed line ends in one stream', () => {
    const text = 'data: 1\r\n\ndata: 2\n\r\ndata: 3\r\rdata: 4\n\n'
    for (const size of [1, 2, 1000]) assert.deepEqual(read(text, size), data('1', '2', '3', '4'))
  })

  it('drops comments, ids and retry times', () => {
    assert.deepEqual(read(': keepalive\n\nid: 7\nretry: 10\ndata: 1\n: again\n\n:\n\n'), data('1'))
  })

  it('keeps the name of an event, for that event only', () => {
    assert.deepEqual(read('event: error\ndata: 1\n\ndata: 2\n\n'), [{ name: 'error', data: '1' }, { data: '2' }])
    assert.deepEqual(read('event: ping\n\ndata: 1\n\n'), data('1'))
  })

  it('takes data without a space, and keeps any second one', () => {
    assert.deepEqual(read('data:1\n\ndata:  2\n\n'), data('1', ' 2'))
  })

  it('joins data of several lines', () => {
    assert.deepEqual(read('data: {\ndata:  "a": 1\ndata: }\n\n'), data('{\n "a": 1\n}'))
  })

  it('gives the last event without its blank line, or even its line end', () => {
    assert.deepEqual(read('data: 1\n\ndata: 2\n'), data('1', '2'))
    assert.deepEqual(read('data: 1\n\ndata: 2'), data('1', '2'))
  })

  it('ends at [DONE]', () => {
    assert.deepEqual(read('data: 1\n\ndata: [DONE]\n\ndata: 2\n\n'), data('1'))
    assert.deepEqual(read('data: 1\n\ndata: [DONE]'), data('1'))
    assert.deepEqual(read('data: 1\n\ndata: [DONE]\n\ndata: 2\n\n', 1), data('1'))
  })

  it('drops a byte order mark, and events without data', () => {
    assert.deepEqual(read('\ufeffdata: 1\n\ndata:\n\ndata\n\n\n\n'), data('1'))
  })

  it('replaces bytes that are no UTF-8', () => {
    const tokenizer = createSseParser()
    assert.deepEqual(tokenizer.push(Buffer.from([...Buffer.from('data: a'), 0xff, 0x0a, 0x0a])), data('a\ufffd'))
  })

  it('reads an event of 6 MB in 8 KB pieces in linear time', () => {
    const text = `data: "${'x'.repeat(6 << 20)}"\r\n\r\n`
    const start = cpuTimeMs()
    assert.equal(read(text, 8192)[0].data.length, (6 << 20) + 2)
    assert.ok(cpuTimeMs() - start < 500)
  })

  it('reads many short lines in linear time', () => {
    const text = 'data: 1\n\n'.repeat(200_000)
    const start = cpuTimeMs()
    assert.equal(read(text).length, 200_000)
    assert.ok(cpuTimeMs() - start < 1000)
  })

  it('refuses an endless event', () => {
    const tokenizer = createSseParser(1000)
    tokenizer.push(Buffer.from('data: ' + 'x'.repeat(990)))
    assert.throws(() => tokenizer.push(Buffer.from('x'.repeat(10))), RangeError)
    const lines = createSseParser(1000)
    assert.throws(() => lines.push(Buffer.from('data: x\n'.repeat(200))), RangeError)
  })

  it('does not add up the length of events that ended', () => {
    const tokenizer = createSseParser(100)
    for (let i = 0; i < 100; i++) tokenizer.push(Buffer.from('data: xxxxxxxx\n\n'))
  })
})

describe('formatEvent', () => {
  it('writes one line', () => {
    assert.equal(formatEvent('{"a":1}'), 'data: {"a":1}\r\n\r\n')
    assert.equal(formatEvent('{\n "a": 1\n}'), 'data: {  "a": 1 }\r\n\r\n')
  })

  it('escapes Unicode line separators without changing the JSON', () => {
    const json = JSON.stringify({ text: 'a\u2028b\u2029c\nd' })
    const written = formatEvent(json)
    assert.ok(!/[\u2028\u2029]/.test(written))
    assert.deepEqual(JSON.parse(written.slice(6)), JSON.parse(json))
  })
})

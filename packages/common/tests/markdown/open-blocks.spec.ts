import assert from 'node:assert/strict'
import { heal, resume } from '../../src/markdown/open-blocks'

describe('heal', () => {
  it('leaves text outside of code alone', () => {
    for (const text of ['', 'a\n', '**a', '```js\na\n```', '```js\na\n```\nb', 'a ```inline``` b', '~~~\n```\n~~~']) {
      assert.equal(heal(text), text)
    }
  })

  it('closes code', () => {
    assert.equal(heal('```js\nlet a'), '```js\nlet a\n```')
    assert.equal(heal('```js\nlet a\n'), '```js\nlet a\n```')
    assert.equal(heal('```'), '```\n```')
    assert.equal(heal('~~~~ md\n~~~\n```'), '~~~~ md\n~~~\n```\n~~~~')
  })

  it('closes code in lists and quotes', () => {
    assert.equal(heal('- ```js\n  a'), '- ```js\n  a\n  ```')
    assert.equal(heal('10. ```js\n    a'), '10. ```js\n    a\n    ```')
    assert.equal(heal('> ```\n> a'), '> ```\n> a\n> ```')
  })

  it('takes a shorter fence, another kind, or one followed by words for code', () => {
    assert.equal(heal('````\n```'), '````\n```\n````')
    assert.equal(heal('```\n~~~'), '```\n~~~\n```')
    assert.equal(heal('```\n``` js'), '```\n``` js\n```')
  })
})

describe('resume', () => {
  it('continues where the shown part ends', () => {
    assert.equal(resume('abc def', 4), 'def')
    assert.equal(resume('abc\n\ndef', 3), 'def')
    assert.equal(resume('abc', 3), '')
    assert.equal(resume('abc', 0), 'abc')
  })

  it('opens the code again that it is in', () => {
    assert.equal(resume('```js\nlet a\nlet b\n```', 11), '```js\nlet b\n```')
    assert.equal(resume('> ~~~\n> a\n> b', 9), '> ~~~\n> b')
  })

  it('is empty when nothing is left, in code as well', () => {
    assert.equal(resume('```js\na\n', 8), '')
  })
})

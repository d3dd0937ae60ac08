import assert from 'node:assert/strict'
import { h } from 'koishi'
import type { Session } from 'koishi'
import { SystemClock } from 'common/time'
import { createDelivery, targetOf } from '../../src/delivery'
import type { Delivery, Target } from '../../src/delivery'
import { InstantClock, FakeClock, settle } from 'common/testing'
import { gate } from '../support/engine'

/** A chat as its reader sees it: messages, each in its newest state. */
class Chat implements Target {
  interval = 1000
  limit = 0
  controls?: Target['controls']
  readonly messages: string[] = []
  /** Everything that was tried, in order. */
  readonly log: string[] = []
  /** Called before each try; what it throws or waits for is the platform's. */
  onCreate: (count: number) => unknown = () => {}
  onEdit: (count: number) => unknown = () => {}
  split = 1
  private creates = 0
  private edits = 0

  edit?: Target['edit'] = async (id, elements) => {
    this.log.push(`edit ${elements.join('')}`)
    await this.onEdit(++this.edits)
    this.messages[+id] = elements.join('')
  }

  render(markdown: string) {
    return [h.text(markdown)]
  }

  async create(elements: h[]) {
    this.log.push(`create ${elements.join('')}`)
    await this.onCreate(++this.creates)
    this.messages.push(elements.join(''))
    return Array.from({ length: this.split }, () => String(this.messages.length - 1))
  }
}

const refuse = () => {
  throw new Error('refused')
}

describe('createDelivery', () => {
  let chat: Chat
  let clock: FakeClock
  let delivery: Delivery

  beforeEach(() => {
    chat = new Chat()
    clock = new FakeClock()
  })

  function start(streaming = true) {
    delivery = createDelivery(chat, { clock, random: () => 1, streaming })
  }

  /** Says something letter by letter, one each 400 ms. */
  async function stream(text: string) {
    for (let length = 1; length <= text.length; length++) {
      delivery.update(text.slice(0, length))
      await clock.advance(400)
    }
  }

  async function finish(text: string) {
    const done = delivery.finish(text)
    await clock.advance(60_000)
    await done
  }

  describe('for a platform that can edit', () => {
    beforeEach(() => start())

    it('creates a message with the first text, edits it as it grows, and completes it', async () => {
      await stream('abcdef')
      await finish('abcdef!')
      assert.deepEqual(chat.log, ['create a', 'edit abc', 'edit abcde', 'edit abcdef!'])
      assert.deepEqual(chat.messages, ['abcdef!'])
    })

    it('leaves the adapter\'s interval between edits', async () => {
      chat.interval = 2000
      start()
      await stream('abcdefghijkl')
      assert.deepEqual(chat.log, ['create a', 'edit abcde', 'edit abcdefghij'])
    })

    it('sends every state with an interval of 0', async () => {
      chat.interval = 0
      start()
      await stream('abc')
      await finish('abc')
      assert.deepEqual(chat.log, ['create a', 'edit ab', 'edit abc'])
    })

    it('sends the last state at once', async () => {
      await stream('a')
      const before = clock.now()
      await delivery.finish('abc')
      assert.equal(clock.now(), before)
      assert.deepEqual(chat.messages, ['abc'])
    })

    it('sends no edit that changes nothing', async () => {
      await stream('a')
      delivery.update('a')
      await clock.advance(5000)
      await finish('a')
      assert.deepEqual(chat.log, ['create a'])
    })

    it('continues after a pause of the model', async () => {
      await stream('a')
      await clock.advance(10_000)
      await stream('ab')
      assert.deepEqual(chat.messages, ['ab'])
    })

    it('skips states on a slow platform, and never has two edits in flight', async () => {
      chat.interval = 0
      start()
      const slow = gate()
      chat.onEdit = count => count === 1 && slow
      await stream('abcdef')
      assert.deepEqual(chat.log, ['create a', 'edit ab'])
      slow.open()
      await settle()
      await clock.advance(0)
      assert.deepEqual(chat.log, ['create a', 'edit ab', 'edit abcdef'])
    })

    it('waits for the edit in flight before it completes the message', async () => {
      chat.interval = 0
      start()
      const slow = gate()
      chat.onEdit = count => count === 1 && slow
      await stream('ab')
      const done = delivery.finish('abc')
      await settle()
      assert.deepEqual(chat.messages, ['a'])
      slow.open()
      await done
      assert.deepEqual(chat.messages, ['abc'])
    })

    it('closes open code in unfinished text only', async () => {
      await stream('```\na')
      assert.equal(chat.messages[0], '```\na\n```')
      await finish('```\na\n```\nb')
      assert.deepEqual(chat.messages, ['```\na\n```\nb'])
    })

    it('removes what closed the code, when the text ends in it', async () => {
      await stream('```\na')
      await finish('```\na')
      assert.deepEqual(chat.messages, ['```\na'])
    })

    it('sends a text that arrives at once as one message', async () => {
      await finish('abc')
      assert.deepEqual(chat.log, ['create abc'])
    })
  })

  describe('when an edit fails', () => {
    beforeEach(() => start())

    it('continues with the next one', async () => {
      chat.onEdit = count => count === 1 && refuse()
      await stream('abcdef')
      await finish('abcdef')
      assert.deepEqual(chat.messages, ['abcdef'])
    })

    it('edits less and less often', async () => {
      chat.onEdit = refuse
      await stream('a'.repeat(130))
      assert.ok(chat.log.length <= 7, String(chat.log.length))
    })

    it('retries the last one', async () => {
      await stream('a')
      chat.onEdit = count => count < 3 && refuse()
      await finish('abc')
      assert.deepEqual(chat.log, ['create a', 'edit abc', 'edit abc', 'edit abc'])
      assert.deepEqual(chat.messages, ['abc'])
    })

    it('continues in a new message', async () => {
      chat.onEdit = count => count > 1 && refuse()
      await stream('abcdef')
      await finish('abcdefgh')
      assert.deepEqual(chat.messages, ['abc', 'defgh'])
    })

    it('continues from the first text when none ever succeeds', async () => {
      chat.onEdit = refuse
      await stream('abcdef')
      await finish('abcdef')
      assert.deepEqual(chat.messages, ['a', 'bcdef'])
    })

    it('opens the code again in the new message', async () => {
      chat.onEdit = refuse
      delivery.update('```js\na')
      await clock.advance(0)
      await finish('```js\na\nb\n```')
      assert.deepEqual(chat.messages, ['```js\na\n```', '```js\nb\n```'])
    })

    it('opens the code again after a whole line', async () => {
      chat.onEdit = refuse
      delivery.update('```js\na\n')
      await clock.advance(0)
      await finish('```js\na\nb\n```\nend')
      assert.deepEqual(chat.messages, ['```js\na\n```', '```js\nb\n```\nend'])
    })

    it('sends nothing more when the rest is blank', async () => {
      chat.onEdit = refuse
      delivery.update('abc\n')
      await clock.advance(0)
      await finish('abc')
      assert.deepEqual(chat.messages, ['abc\n'])
    })

    it('repeats nothing when the end of the text changes', async () => {
      chat.onEdit = refuse
      delivery.update('abc \n')
      await clock.advance(0)
      await finish('abc\n\n(interrupted)')
      assert.deepEqual(chat.messages, ['abc \n', '(interrupted)'])
    })
  })

  describe('when a message cannot be created', () => {
    beforeEach(() => start())

    it('sends the whole text at the end', async () => {
      chat.onCreate = count => count === 1 && refuse()
      await stream('abcdef')
      assert.deepEqual(chat.log, ['create a'])
      await finish('abcdef')
      assert.deepEqual(chat.messages, ['abcdef'])
    })

    it('rejects with the platform\'s error when every try fails', async () => {
      chat.onCreate = refuse
      await stream('abc')
      const done = assert.rejects(delivery.finish('abc'), /refused/)
      await clock.advance(60_000)
      await done
      assert.deepEqual(chat.messages, [])
    })
  })

  it('continues after a message that the platform has split', async () => {
    chat.split = 2
    start()
    await stream('abc')
    await finish('abcdef')
    assert.deepEqual(chat.messages, ['a', 'bcdef'])
  })

  it('continues after a message that the platform gives no id for', async () => {
    chat.split = 0
    start()
    await stream('abc')
    await finish('abcdef')
    assert.deepEqual(chat.messages, ['a', 'bcdef'])
  })

  it('sends one message to a platform that cannot edit', async () => {
    chat.edit = undefined
    start()
    await stream('abcdef')
    await finish('abcdef!')
    assert.deepEqual(chat.log, ['create abcdef!'])
  })

  it('sends one message when streaming is off', async () => {
    start(false)
    await stream('abcdef')
    await finish('abcdef!')
    assert.deepEqual(chat.log, ['create abcdef!'])
  })

  it('delivers every letter exactly once, whatever fails', async () => {
    const text = 'The quick brown fox jumps over the lazy dog.'
    const moods: Record<string, (count: number) => unknown> = {
      never: () => {},
      midway: count => count > 3 && refuse(),
      sometimes: count => count % 2 && refuse(),
      always: refuse,
    }
    for (const [mood, onEdit] of Object.entries(moods)) {
      for (const interval of [0, 300, 5000]) {
        chat = new Chat()
        chat.onEdit = onEdit
        chat.interval = interval
        start()
        await stream(text)
        await finish(text)
        assert.equal(chat.messages.join(''), text, `${mood} ${interval}`)
      }
    }
  })

  describe('for an answer that is longer than a message', () => {
    const paragraphs = Array.from({ length: 12 }, (_, index) => `Paragraph ${index} with **some** words.`)
    const text = paragraphs.join('\n\n')

    for (const [bot, prepare] of Object.entries<() => void>({
      'that can edit': () => {},
      'whose edits fail midway': () => chat.onEdit = count => count > 3 && refuse(),
      'whose edits fail now and then': () => chat.onEdit = count => count % 2 && refuse(),
      'whose edits always fail': () => chat.onEdit = refuse,
      'whose messages fail now and then': () => chat.onCreate = count => count % 2 && refuse(),
      'that cannot edit': () => chat.edit = undefined,
    })) {
      it(`delivers every paragraph exactly once, to a bot ${bot}`, async () => {
        for (const interval of [0, 1000]) {
          for (const status of [false, true]) {
            chat = new Chat()
            chat.limit = 120
            chat.interval = interval
            prepare()
            start()
            if (status) delivery.status?.('(queued)')
            await stream(text)
            await finish(text)
            const messages = chat.messages.filter(message => message !== '(queued)')
            for (const message of messages) assert.ok(Buffer.byteLength(message) <= chat.limit, message)
            assert.equal(messages.join('').replace(/\s/g, ''), text.replace(/\s/g, ''))
          }
        }
      })
    }

    it('shows one message after the other, each complete before the next begins', async () => {
      chat.limit = 80
      chat.interval = 0
      start()
      await stream(text)
      await finish(text)
      assert.ok(chat.messages.length >= 6)
      const creates = chat.log.flatMap((line, index) => line.startsWith('create') ? [index] : [])
      const last = creates.slice(1).map(index => chat.log[index - 1].replace(/^\w+ /, ''))
      assert.deepEqual(last, chat.messages.slice(0, -1))
    })

    it('continues after the page that could not be completed', async () => {
      chat.limit = 80
      chat.onEdit = refuse
      start()
      await stream(text)
      await finish(text)
      assert.equal(chat.messages.join('').replace(/\n/g, ''), text.replace(/\n/g, ''))
    })

    it('closes the emphasis that a message ends in, and opens it again', async () => {
      const ends = [['a **bold** end', ' end'], ['a **bold and more** end', '**and more** end']]
      for (const [text, rest] of ends) {
        chat = new Chat()
        chat.onEdit = refuse
        start()
        delivery.update('a **bold')
        await clock.advance(0)
        await finish(text)
        assert.deepEqual(chat.messages, ['a **bold**', rest])
      }
    })

    it('rejects when a page cannot be sent', async () => {
      chat.edit = undefined
      chat.limit = 80
      chat.onCreate = count => count > 2 && refuse()
      start()
      const done = assert.rejects(delivery.finish(text), /refused/)
      await clock.advance(60_000)
      await done
      assert.equal(chat.messages.length, 2)
    })
  })

  describe('with a status line', () => {
    beforeEach(() => start())

    it('shows the status while there is no text, and replaces it', async () => {
      delivery.status!('(queued)')
      await clock.advance(5000)
      delivery.status!('(answering)')
      await clock.advance(5000)
      await stream('ab')
      await finish('abc')
      assert.deepEqual(chat.log, ['create (queued)', 'edit (answering)', 'edit a', 'edit abc'])
      assert.deepEqual(chat.messages, ['abc'])
    })

    it('does not replace text by a status', async () => {
      await stream('a')
      delivery.status!('(queued)')
      await finish('a')
      assert.deepEqual(chat.log, ['create a'])
    })

    it('replaces the status by the whole text', async () => {
      delivery.status!('(queued)')
      await clock.advance(0)
      assert.equal(delivery.isOpen, true)
      await finish('It failed.')
      assert.deepEqual(chat.messages, ['It failed.'])
    })

    it('gives the answer a message of its own when the status cannot be changed', async () => {
      chat.onEdit = refuse
      delivery.status!('(queued)')
      await stream('abc')
      await finish('abcd')
      assert.deepEqual(chat.messages, ['(queued)', 'abcd'])
    })

    it('goes on without a status that cannot be sent', async () => {
      chat.onCreate = count => count === 1 && refuse()
      delivery.status!('(queued)')
      await clock.advance(5000)
      await stream('ab')
      await finish('abc')
      assert.deepEqual(chat.messages, ['abc'])
    })

    it('shows no status where it could not be replaced', () => {
      chat.edit = undefined
      start()
      assert.equal(delivery.status, undefined)
    })
  })

  describe('with buttons', () => {
    beforeEach(() => {
      chat.controls = done => [h.text(done ? ' [again]' : ' [stop]')]
    })

    it('shows the buttons of the moment', async () => {
      start()
      await stream('ab')
      await finish('ab')
      assert.deepEqual(chat.log, ['create a [stop]', 'edit ab [again]'])
    })

    it('shows them below the last message only', async () => {
      chat.limit = 10
      start()
      await finish('word word word word')
      assert.deepEqual(chat.messages, ['word word ', 'word word [again]'])
      chat.messages.length = 0
      start(false)
      await finish('word word word word')
      assert.deepEqual(chat.messages, ['word word ', 'word word [again]'])
    })
  })

  it('leaves no timer behind when the plugin is disposed', async () => {
    const system = new SystemClock()
    chat.onEdit = refuse
    delivery = createDelivery(chat, { clock: system, random: () => 1, streaming: true })
    delivery.update('a')
    await settle()
    system.dispose()
    await delivery.finish('abc')
    assert.deepEqual(chat.messages, ['a', 'bc'])
  })
})

describe('targetOf', () => {
  const calls: unknown[][] = []
  const bot = {
    platform: 'mock',
    sendMessage: async (...args: unknown[]) => (calls.push(args), ['1']),
    editMessage: async (...args: unknown[]) => void calls.push(args),
  }

  const sessionOf = (bot: object) => ({ bot, channelId: 'c', event: { referrer: { msg: 1 } } }) as unknown as Session

  beforeEach(() => calls.length = 0)

  it('passes the session and its referrer, which platforms that only reply need', async () => {
    const session = sessionOf(bot)
    const target = targetOf(session)
    assert.deepEqual(await target.create([h.text('a')]), ['1'])
    assert.deepEqual(calls[0], ['c', [h.text('a')], { msg: 1 }, { session }])
    await target.edit!('1', [h.text('b')])
    assert.deepEqual(calls[1], ['c', '1', [h.text('b')]])
  })

  it('takes the interval of the adapter', () => {
    assert.equal(targetOf(sessionOf(bot)).interval, 1000)
    assert.equal(targetOf(sessionOf({ ...bot, editInterval: 0 })).interval, 0)
  })

  it('cannot edit without editMessage, or where that would show the source of the elements', () => {
    assert.equal(targetOf(sessionOf({ ...bot, editMessage: undefined })).edit, undefined)
    assert.equal(targetOf(sessionOf({ ...bot, platform: 'discord' })).edit, undefined)
  })

  it('limits messages by platform, unless the settings say otherwise', () => {
    const options = { messageBytes: { telegram: 9, other: 0 } }
    const limit = (platform: string, options = {}, markdown?: boolean) => {
      return targetOf({ ...sessionOf({ ...bot, markdown }), platform } as Session, options).limit
    }
    assert.equal(limit('dingtalk'), 12_000)
    assert.equal(limit('wecom-bot', {}, true), 0)
    assert.equal(limit('dingtalk', {}, true), 0)
    assert.equal(limit('telegram', options, true), 9)
    assert.equal(limit('other'), 30_000)
    assert.equal(limit('telegram', options), 9)
    assert.equal(limit('other', options), 0)
    assert.equal(limit('dingtalk', options), 12_000)
  })

  it('renders for its bot', () => {
    assert.equal(targetOf(sessionOf(bot)).render('**a**').join(''), '<b>a</b>')
    assert.equal(targetOf(sessionOf({ ...bot, markdown: true })).render('**a**').join(''), '<markdown>**a**</markdown>')
  })

  it('tells adapters of raw Markdown how far the text is', async () => {
    const { render } = targetOf(sessionOf({ ...bot, markdown: true }))
    const states: (string | undefined)[] = []
    const chat: Target = {
      interval: 0,
      render(markdown, state) {
        states.push(state)
        return render(markdown, state)
      },
      create: async () => ['1'],
      edit: async () => {},
    }
    const clock = new FakeClock()
    const delivery = createDelivery(chat, { clock, random: () => 1, streaming: true })
    delivery.status!('(thinking)')
    await clock.advance(0)
    delivery.update('half')
    await clock.advance(0)
    await delivery.finish('half\n\n(failed)', true)
    assert.deepEqual(states, ['processing', 'typing', 'failed'])
    assert.equal(render('**a**', 'typing').join(''), '<markdown state="typing">**a**</markdown>')
    assert.equal(targetOf(sessionOf(bot)).render('**a**', 'typing').join(''), '<b>a</b>')
  })

  it('does not retry what the adapter has retried already', async () => {
    let count = 0
    const create = async () => {
      count++
      throw Object.assign(new Error('refused'), { retryable: false })
    }
    const chat = { render: () => [], interval: 0, create }
    const delivery = createDelivery(chat, { clock: new InstantClock(), random: () => 0.5, streaming: true })
    await assert.rejects(delivery.finish('a'), /refused/)
    assert.equal(count, 1)
  })

  it('retries when the only message cannot be sent', async () => {
    let count = 0
    const clock = new InstantClock()
    const chat = { render: () => [], interval: 0, create: async () => ++count < 3 ? refuse() : [] }
    await createDelivery(chat, { clock, random: () => 0.5, streaming: true }).finish('a')
    assert.equal(count, 3)
    assert.deepEqual(clock.sleeps, [500, 1000])
  })
})

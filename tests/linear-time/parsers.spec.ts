import { h } from 'koishi'
import { assertLinear } from 'common/testing'
import { BlockScanner, draft, heal, inlineText, pages, pageText, parseInline, resume, toPlainText } from 'common/markdown'
import { stripMention } from '../../plugins/adapter-wecom-bot/src/inbound/decode'
import { parsePayload } from '../../plugins/adapter-wecom-bot/src/protocol/parse-aibot'
import { openXml } from '../../plugins/adapter-wecom-bot/src/protocol/envelope'
import { escapeMarkdown as escapeForWecom } from '../../plugins/adapter-wecom-bot/src/render/escape'
import { renderElements } from '../../plugins/adapter-wecom-bot/src/render/markdown'
import { complete, cut, pieces } from '../../plugins/adapter-wecom-bot/src/render/split'
import { isVisible } from '../../plugins/adapter-wecom-bot/src/turn/bubble'
import { escapeMarkdown as escapeForDingtalk } from '../../plugins/dingtalk-companion/src/render/escape'
import { toMarkdown } from '../../plugins/dingtalk-companion/src/render/elements'
import { titleOf, toCard, toMessage } from '../../plugins/dingtalk-companion/src/render/markdown'
import { withoutThoughts } from '../../plugins/dingtalk-companion/src/render/thoughts'
import { questionIn } from '../../plugins/gemini-chat/src/commands'
import { promptOf } from '../../plugins/gemini-chat/src/chat/prompt'
import { render } from '../../plugins/gemini-chat/src/delivery/render'

/** Errors are answers too, as long as they come soon. */
function attempt(run: (text: string) => unknown) {
  return (text: string) => {
    try {
      run(text)
    } catch {
      // A hostile payload is refused.
    }
  }
}

const elements = (text: string) => [h('b', h.text(text)), h('p', h.text(text)), h('pre', h.text(text))]

const functions: Record<string, (text: string) => unknown> = {
  'common: scanning blocks': text => new BlockScanner().at(text),
  'common: healing': heal,
  'common: resuming': text => resume(text, text.length >> 1),
  'common: splitting into pages': text => [...pages(text, 4096)].map(page => pageText(text, page)),
  'common: drafts': draft,
  'common: inline markup': text => parseInline(text, { hasMail: true, references: {} }),
  'common: plain text': toPlainText,
  'common: text of a line': inlineText,
  'wecom-bot: completing': complete,
  'wecom-bot: cutting': text => cut(text, 20_480),
  'wecom-bot: splitting': text => pieces(text, 2048),
  'wecom-bot: escaping': escapeForWecom,
  'wecom-bot: rendering Markdown': text => renderElements([h('markdown', h.text(text))]),
  'wecom-bot: rendering elements': text => renderElements(elements(text.slice(0, text.length / 4))),
  'wecom-bot: visible text': isVisible,
  'wecom-bot: mentions': text => [stripMention(text), stripMention(text, '小助手')],
  'wecom-bot: XML envelopes': attempt(openXml),
  'wecom-bot: messages': attempt(text => parsePayload(JSON.stringify({
    msgid: '1', aibotid: 'b', chattype: 'single', from: { userid: 'u' }, msgtype: 'text', text: { content: text },
  }))),
  'wecom-bot: messages that are no JSON': attempt(text => parsePayload(`{"a":"${text}`)),
  'dingtalk: escaping': escapeForDingtalk,
  'dingtalk: rendering elements': text => toMarkdown(elements(text.slice(0, text.length / 4))),
  'dingtalk: rendering Markdown': text => toMarkdown([h('markdown', h.text(text))]),
  'dingtalk: messages': toMessage,
  'dingtalk: cards': toCard,
  'dingtalk: titles': titleOf,
  'dingtalk: thoughts': withoutThoughts,
  'gemini-chat: questions': text => questionIn([h.text(text)]),
  'gemini-chat: elements': text => render(text, { platform: 'telegram' }),
  'gemini-chat: text': text => render(text, { platform: 'line' }),
  'gemini-chat: prompts': text => promptOf([h.text(text)], { quote: undefined, selfId: 'bot' } as never),
}

/** These call back for each mark, and only get what plugins of the instance send. */
const MAX_ESCAPING_MS = 400

describe('hostile text takes time in proportion to its length', function() {
  // CPU time is checked, not this.
  this.timeout(600_000)
  for (const [name, run] of Object.entries(functions)) {
    it(name, () => assertLinear(run, /escaping|elements/.test(name) ? MAX_ESCAPING_MS : undefined))
  }
})

import type { GeminiRequest, Scenario } from 'testkit'
import { scenarios } from 'testkit'

/** The answer of the mock Gemini API: Markdown, streamed slowly. */
export function mockAnswer({ question, body }: GeminiRequest): Scenario {
  const turns: number = body.contents?.length ?? 1
  const text = [
    `你说：「${question.slice(0, 200)}」\n\n`,
    '我是 **Gemini 的模拟服务**，没有联网，只会回复这一段话。其余部分都是真实的：\n\n',
    '1. 企业微信的消息，经加密的回调或长连接到达 Koishi 实例；\n',
    '2. `gemini-chat` 通过 Google 的 SDK 提问，这是本次会话的第 ' + Math.ceil(turns / 2) + ' 个问题；\n',
    '3. 回答边生成边由轮询取走，或推送出去，就是你现在看到的效果。\n\n',
    '```bash\n# 使用真正的 Gemini\nGEMINI_API_KEY=你的密钥 npm run demo\n```\n\n',
    '*This answer comes from a mock of the Gemini API; everything else is real.*',
  ].join('')
  return { ...scenarios.text(...splitText(text, 12)), gap: 120 }
}

function splitText(text: string, size: number): string[] {
  return [...text].reduce<string[]>((result, char, index) => {
    if (index % size === 0) result.push('')
    result[result.length - 1] += char
    return result
  }, [])
}

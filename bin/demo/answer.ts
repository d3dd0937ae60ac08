import type { GeminiRequest, Scenario } from 'testkit'
import { scenarios } from 'testkit'

/** What the stand-in says: it has no idea, but it has Markdown, and it takes its time. */
export function standIn({ question, body }: GeminiRequest): Scenario {
  const turns: number = body.contents?.length ?? 1
  const text = [
    `你说：「${question.slice(0, 200)}」\n\n`,
    '我是 **Gemini 的替身**，没有联网，只会说这一段话。不过一路上的东西都是真的：\n\n',
    '1. 加密的企业微信回调，经 HTTP 到达 Koishi 实例；\n',
    '2. `gemini-chat` 用真正的 SDK 提问，这是本次会话的第 ' + Math.ceil(turns / 2) + ' 个问题；\n',
    '3. 回答一边生成，一边由轮询取走，也就是你现在看到的样子。\n\n',
    '```bash\n# 换成真正的 Gemini\nGEMINI_API_KEY=你的密钥 npm run demo\n```\n\n',
    '*I am a stand-in for Gemini; everything else you see is the real thing.*',
  ].join('')
  return { ...scenarios.text(...pieces(text, 12)), gap: 120 }
}

function pieces(text: string, size: number): string[] {
  return [...text].reduce<string[]>((result, char, index) => {
    if (index % size === 0) result.push('')
    result[result.length - 1] += char
    return result
  }, [])
}

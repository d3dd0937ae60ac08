/** Help that Koishi's console shows above the settings. A console that knows its language hides the other one. */
export const usage = `
<div lang="zh">

在 [Google AI Studio](https://aistudio.google.com/apikey) 创建 API 密钥，填进 \`apiKeys\`；用其他模型服务的，
填写 OpenAI 格式接口的地址、密钥和模型。然后就可以开始对话：
私聊直接说话，群聊 @ 机器人。每个人在每个群里各有一段独立的对话。

发送 \`gemini.stop\`（停止）结束正在生成的回答，\`gemini.retry\`（重新回答）换一个回答，\`gemini.reset\`（新对话）删除对话、重新开始。
发送 \`help gemini\` 看全部指令。

</div>
<div lang="en">

Create an API key at [Google AI Studio](https://aistudio.google.com/apikey) and put it into \`apiKeys\`, or fill in
address, key and model of another service in the dialect of OpenAI. Then write to the bot in a direct chat, or mention
it in a group. Each person in each group has a separate conversation.

\`gemini.stop\` stops an answer, \`gemini.retry\` asks for another one, \`gemini.reset\` starts a new conversation.
\`help gemini\` lists all commands.

</div>
`

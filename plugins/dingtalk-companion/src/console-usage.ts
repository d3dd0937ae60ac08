/** Help above the settings in the console. A console that knows its language hides the other one. */
export const usage = `
<div lang="zh">

配合 Koishi 自带的钉钉适配器（\`adapter-dingtalk\`）使用，两个插件一起加载即可，不需要修改适配器。应用在[钉钉开放平台](https://open-dev.dingtalk.com)创建，
卡片模板在[卡片平台](https://open-dev.dingtalk.com/fe/card)创建。

- 任何插件发送的消息都以 Markdown 显示。
- 会编辑消息的插件在 AI 卡片里边写边显示，写完自动结束卡片：用内置的公共模板，或者 \`cardTemplateId\` 填写的模板。
- 确认并去重钉钉的回调，断线后重连，控制调用频率，统计每月的 API 调用次数：发送 \`dingtalk.usage\` 查看。

</div>
<div lang="en">

Works beside Koishi's own DingTalk adapter (\`adapter-dingtalk\`), which stays unmodified: load both. Apps are made in
[DingTalk's developer console](https://open-dev.dingtalk.com), card templates on its
[card platform](https://open-dev.dingtalk.com/fe/card).

- Messages of all plugins are shown as Markdown.
- Plugins that edit their messages stream in an AI card, which is closed when the answer is complete: of a public template
  that is built in, or of the one in \`cardTemplateId\`.
- Callbacks are acknowledged and de-duplicated, lost connections are opened again, and calls are limited and counted:
  \`dingtalk.usage\` says how many were made this month.

</div>
`

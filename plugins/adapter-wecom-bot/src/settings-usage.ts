/** Help above the settings in the console. A console that knows its language hides the other one. */
export const usage = `
<div lang="zh">

1. 在[企业微信管理后台](https://work.weixin.qq.com/wework_admin/frame)的「安全与管理 - 管理工具 - 智能机器人」里创建机器人，选择「API 模式」。
2. 有公网域名：用[回调](https://developer.work.weixin.qq.com/document/path/101039)，把页面上的 Token 和 EncodingAESKey 填到下面，启用插件，再把上方提示里的 URL 填进后台并保存。
3. 没有公网域名：用[长连接](https://developer.work.weixin.qq.com/document/path/101463)，填 BotID 和 Secret。

</div>
<div lang="en">

1. Create the bot in [WeCom's console](https://work.weixin.qq.com/wework_admin/frame) under security and management, management tools, intelligent bots, and choose the API mode.
2. With a public domain: use [callbacks](https://developer.work.weixin.qq.com/document/path/101039). Enter the Token and EncodingAESKey of that page below, enable the plugin, then enter the URL in the note above there and save it.
3. Without a public domain: use the [long connection](https://developer.work.weixin.qq.com/document/path/101463) with BotID and Secret.

</div>
`

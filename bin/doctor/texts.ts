import type { BilingualText } from '../instance/bilingual'

/**
 * Texts about the instance and its platforms, by the paths of findings. Hints that name settings in gemini-chat name
 * the environment variables here. All other texts belong to gemini-chat.
 */
export const texts: Record<string, BilingualText> = {
  'doctor.instance': {
    zh: '实例：正在运行，{address} 有响应',
    en: 'Instance: running, {address} responds',
  },
  'doctor.no-instance': {
    zh: '实例：没有运行，{address} 没有响应',
    en: 'Instance: not running, {address} does not respond',
  },
  'doctor.hints.no-instance': {
    zh: '用 npm start 启动它。',
    en: 'Start it with npm start.',
  },
  'doctor.file': {
    zh: '数据库文件：{file} 可以读写',
    en: 'Database file: {file} can be read and written',
  },
  'doctor.file-failed': {
    zh: '数据库文件：{file} 不能读写，{reason}',
    en: 'Database file: {file} cannot be read or written, {reason}',
  },
  'doctor.no-file': {
    zh: '数据库文件：{file} 不存在，第一次启动时会创建',
    en: 'Database file: {file} does not exist yet; it is created at the first start',
  },
  'doctor.platform-on': {
    zh: '平台 {name}：已经配置',
    en: 'Platform {name}: configured',
  },
  'doctor.platform-off': {
    zh: '平台 {name}：没有配置',
    en: 'Platform {name}: not configured',
  },
  'doctor.callback': {
    zh: '企业微信回调：{address} 正常',
    en: 'WeCom callback: {address} works',
  },
  'doctor.callback-failed': {
    zh: '企业微信回调：{address} 返回 {status}',
    en: 'WeCom callback: {address} returns {status}',
  },
  'doctor.socket': {
    zh: '企业微信长连接：能连到 {address}',
    en: 'WeCom long connection: {address} can be reached',
  },
  'doctor.socket-proxy': {
    zh: '企业微信长连接：经代理能连到 {address}',
    en: 'WeCom long connection: {address} can be reached through the proxy',
  },
  'doctor.socket-failed': {
    zh: '企业微信长连接：连不到 {address}，{reason}',
    en: 'WeCom long connection: {address} cannot be reached, {reason}',
  },
  'doctor.socket-untested': {
    zh: '企业微信长连接：没有核对 BotID 和 Secret',
    en: 'WeCom long connection: BotID and Secret are not checked',
  },
  'doctor.subscribe': {
    zh: '企业微信长连接：BotID 和 Secret 正确；正在运行的实例会掉线一两分钟',
    en: 'WeCom long connection: BotID and Secret are right; a running instance is disconnected for a minute or two',
  },
  'doctor.subscribe-failed': {
    zh: '企业微信长连接：订阅被拒绝，错误码 {errcode}',
    en: 'WeCom long connection: the subscription is refused with errcode {errcode}',
  },
  'doctor.subscribe-silent': {
    zh: '企业微信长连接：订阅没有得到回应',
    en: 'WeCom long connection: the subscription is not answered',
  },
  'doctor.subscribe-taken': {
    zh: '企业微信长连接：刚订阅就被另一个进程抢走',
    en: 'WeCom long connection: another process has taken the bot at once',
  },
  'doctor.hints.socket-dns': {
    zh: '域名解析失败：检查这台机器的 DNS；代理软件的 fake-ip 也会造成这个现象。',
    en: 'The name cannot be resolved: check the DNS of this machine; a fake-ip proxy causes this, too.',
  },
  'doctor.hints.socket-tls': {
    zh: '证书有问题：检查系统时间，以及是否有防火墙或代理替换了证书。',
    en: 'The certificate is not accepted: check the clock, and for a firewall or proxy that replaces certificates.',
  },
  'doctor.hints.socket-proxy-address': {
    zh: '在控制台改正企业微信适配器的 proxy（或 http、proxy-agent 插件的 proxyAgent）。',
    en: 'Correct the proxy of the WeCom adapter in the console (or proxyAgent of the plugins http and proxy-agent).',
  },
  'doctor.hints.socket-proxy-login': {
    zh: '代理拒绝了用户名或密码：在控制台核对企业微信适配器的 proxy，特殊字符要做 URL 编码。',
    en: 'The proxy refuses user name or password: check the adapter\'s proxy in the console, and percent-encode special characters.',
  },
  'doctor.hints.socket-proxy-target': {
    zh: '代理在运行，但不肯连到企业微信：检查代理的规则，允许访问 openws.work.weixin.qq.com 的 443 端口。',
    en: 'The proxy runs, and does not connect to WeCom: let its rules allow port 443 of openws.work.weixin.qq.com.',
  },
  'doctor.hints.socket-proxy': {
    zh: '连不上代理，或代理到不了企业微信：检查代理是否在运行，地址和端口是否正确；不需要代理就清空企业微信适配器的 proxy。',
    en: 'No way through the proxy: check that it runs, and its address and port. Without need for one, clear the adapter\'s proxy.',
  },
  'doctor.hints.socket-status': {
    zh: '对方不是企业微信的长连接：检查 WECOM_BOT_WS_URL，以及中间的代理是否支持 WebSocket。',
    en: 'This is no long connection of WeCom: check WECOM_BOT_WS_URL, and that a proxy in between supports WebSocket.',
  },
  'doctor.hints.socket-network': {
    zh: '检查这台机器能否访问外网的 443 端口，防火墙和代理是否放行 WebSocket。',
    en: 'Check that this machine can reach port 443 outside, and that firewall and proxy allow WebSocket.',
  },
  'doctor.hints.socket-subscribe': {
    zh: '用 npm run doctor -- --subscribe 核对；这会让正在运行的实例掉线一两分钟。',
    en: 'Check them with npm run doctor -- --subscribe, which disconnects a running instance for a minute or two.',
  },
  'doctor.hints.socket-secret': {
    zh: '在机器人页面「API 模式 - 长连接」核对 WECOM_BOT_ID 和 WECOM_BOT_SECRET；Secret 重新生成后旧的立即失效。',
    en: 'Compare WECOM_BOT_ID and WECOM_BOT_SECRET with the bot\'s page; a new Secret replaces the old one at once.',
  },
  'doctor.hints.socket-later': {
    zh: '稍后再试：短时间内订阅太多次会被限制。',
    en: 'Try again later: too many subscriptions in a short time are limited.',
  },
  'doctor.hints.socket-taken': {
    zh: '还有一个进程在用这个机器人，并且立即重连：找到并停掉它，一个机器人只能运行一个进程。',
    en: 'Another process uses this bot and reconnects at once: find and stop it; run one process per bot.',
  },
  'doctor.redis': {
    zh: 'Redis：能连上，{instances} 个实例正在共用',
    en: 'Redis: can be reached, {instances} instances share their state at present',
  },
  'doctor.redis-failed': {
    zh: 'Redis：连不上，{reason}',
    en: 'Redis: cannot be used, {reason}',
  },
  'doctor.redis-not-persistent': {
    zh: 'Redis：不保存到磁盘，重启后对话记录会丢失',
    en: 'Redis: is not saved to disk, so histories are lost when it restarts',
  },
  'doctor.redis-eviction': {
    zh: 'Redis：内存满时会丢弃数据（maxmemory-policy 为 {eviction}）',
    en: 'Redis: drops data when its memory is full (maxmemory-policy is {eviction})',
  },
  'doctor.hints.redis-network': {
    zh: '检查 REDIS_URL 的主机和端口，以及 Redis 是否在运行。',
    en: 'Check host and port of REDIS_URL, and that Redis runs.',
  },
  'doctor.hints.redis-password': {
    zh: '检查 REDIS_URL 里的密码：redis://:密码@主机:6379/0，特殊字符要写成 %XX。',
    en: 'Check the password in REDIS_URL: redis://:password@host:6379/0, with special characters as %XX.',
  },
  'doctor.hints.redis-persistence': {
    zh: '在 Redis 里设置 appendonly yes。',
    en: 'Set appendonly yes in Redis.',
  },
  'doctor.hints.redis-eviction': {
    zh: '在 Redis 里设置 maxmemory-policy noeviction。',
    en: 'Set maxmemory-policy noeviction in Redis.',
  },
  'doctor.mcp': {
    zh: 'MCP 服务器 {name}：能连上，提供 {tools} 个工具，使用其中 {selected} 个',
    en: 'MCP server {name}: can be reached, uses {selected} of its {tools} tools',
  },
  'doctor.mcp-no-tools': {
    zh: 'MCP 服务器 {name}：能连上，但它的 {tools} 个工具一个也没有用',
    en: 'MCP server {name}: can be reached, but none of its {tools} tools is used',
  },
  'doctor.mcp-failed': {
    zh: 'MCP 服务器 {name}：连不上，{reason}',
    en: 'MCP server {name}: cannot be used, {reason}',
  },
  'doctor.mcp-settings': {
    zh: 'MCP 服务器：设置有误，{reason}',
    en: 'MCP servers: the settings are wrong, {reason}',
  },
  'doctor.hints.mcp': {
    zh: '检查 assistant-mcp 设置里的程序或地址，以及它用到的环境变量；私有网络里的主机要列在 privateHosts 里。',
    en: 'Check its program or address in the settings of assistant-mcp, and the variables it needs; list hosts in private networks in privateHosts.',
  },
  'doctor.hints.mcp-no-tools': {
    zh: '检查 assistant-mcp 设置里的 include 和 exclude。',
    en: 'Check include and exclude in the settings of assistant-mcp.',
  },
  'doctor.hints.mcp-settings': {
    zh: '在控制台的 assistant-mcp 里改正。',
    en: 'Correct them in the console, at assistant-mcp.',
  },
  'doctor.hints.callback': {
    zh: '检查 WECOM_BOT_TOKEN、WECOM_BOT_ENCODING_AES_KEY 和 WECOM_BOT_PATH。',
    en: 'Check WECOM_BOT_TOKEN, WECOM_BOT_ENCODING_AES_KEY and WECOM_BOT_PATH.',
  },
  'doctor.dingtalk-token': {
    zh: '钉钉应用：Client ID 和 Client Secret 正确',
    en: 'DingTalk app: client id and client secret are right',
  },
  'doctor.dingtalk-token-failed': {
    zh: '钉钉应用：取不到 access token，{reason}',
    en: 'DingTalk app: no access token, {reason}',
  },
  'doctor.hints.dingtalk-token': {
    zh: '核对应用「凭证与基础信息」里的 Client ID 和 Client Secret（DINGTALK_CLIENT_ID、DINGTALK_CLIENT_SECRET）。',
    en: 'Compare DINGTALK_CLIENT_ID and DINGTALK_CLIENT_SECRET with the credentials of the app.',
  },
  'doctor.dingtalk-unreachable': {
    zh: '钉钉：连不上 {address}，{reason}，没有检查应用',
    en: 'DingTalk: {address} cannot be reached, {reason}; the app was not checked',
  },
  'doctor.hints.dingtalk-network': {
    zh: '检查这台机器能否访问钉钉。',
    en: 'Check that this machine can reach DingTalk.',
  },
  'doctor.dingtalk-scope': {
    zh: '钉钉权限：{scope} 已开通',
    en: 'DingTalk permission: {scope} is granted',
  },
  'doctor.dingtalk-scope-missing': {
    zh: '钉钉权限：缺少 {scope}',
    en: 'DingTalk permission: {scope} is missing',
  },
  'doctor.hints.dingtalk-scope': {
    zh: '在应用的「权限管理」里申请它，然后发布新版本。',
    en: 'Add it to the permissions of the app and publish a new version.',
  },
  'doctor.dingtalk-template-unknown': {
    zh: '钉钉卡片模板：没有 {template}',
    en: 'DingTalk card template: {template} does not exist',
  },
  'doctor.hints.dingtalk-template': {
    zh: '核对 DINGTALK_CARD_TEMPLATE_ID；模板要发布，并关联这个应用。',
    en: 'Check DINGTALK_CARD_TEMPLATE_ID. The template must be published and belong to this app.',
  },
  'doctor.hints.dingtalk-own-template': {
    zh: '内置模板用不了：自己做一个，填到 DINGTALK_CARD_TEMPLATE_ID；或设 DINGTALK_BUILT_IN_CARD=false。',
    en: 'The built-in template cannot be used: make your own for DINGTALK_CARD_TEMPLATE_ID, or set DINGTALK_BUILT_IN_CARD=false.',
  },
  'doctor.hints.dingtalk-built-in-scope': {
    zh: '回答写完后发一条消息。要用卡片，在应用的「权限管理」里申请它并发布新版本；不用卡片，设 DINGTALK_BUILT_IN_CARD=false。',
    en: 'Answers are sent as one message. For cards, add it to the permissions of the app and publish a new version; '
      + 'without cards, set DINGTALK_BUILT_IN_CARD=false.',
  },
  'doctor.dingtalk-built-in-template': {
    zh: '钉钉卡片模板：没有设置，用内置的公共模板',
    en: 'DingTalk card template: none is set, the built-in public one is used',
  },
  'doctor.dingtalk-no-template': {
    zh: '钉钉卡片模板：没有设置，回答写完后发一条消息',
    en: 'DingTalk card template: none is set, answers are sent as one message when they are complete',
  },
  'doctor.dingtalk-stream': {
    zh: '钉钉 Stream 连接：可以建立',
    en: 'DingTalk Stream connection: can be opened',
  },
  'doctor.dingtalk-stream-failed': {
    zh: '钉钉 Stream 连接：不能建立，{reason}',
    en: 'DingTalk Stream connection: cannot be opened, {reason}',
  },
  'doctor.hints.dingtalk-stream': {
    zh: '给应用添加机器人，消息接收模式选 Stream 模式，然后发布。',
    en: 'Add a robot to the app, choose Stream mode for its messages, and publish the app.',
  },
  'doctor.hints.region': {
    zh: '把代理（SOCKS_PROXY）换成出口在受支持地区的。',
    en: 'Change the proxy (SOCKS_PROXY) to one in a supported region.',
  },
  'doctor.hints.network': {
    zh: '检查这台机器能否访问 Google；在中国大陆需要设置代理（SOCKS_PROXY）。',
    en: 'Check that this machine can reach Google. In mainland China it needs a proxy (SOCKS_PROXY).',
  },
  'doctor.hints.protocol': {
    zh: '检查接口地址（GEMINI_BASE_URL）：它应当是 Gemini 的接口。',
    en: 'Check the API address (GEMINI_BASE_URL). It must be a Gemini API.',
  },
  'doctor.hints.network-other': {
    zh: '检查 OPENAI_BASE_URL，以及这台机器能否访问它。',
    en: 'Check OPENAI_BASE_URL, and that this machine can reach it.',
  },
  'doctor.hints.auth-other': {
    zh: '检查 OPENAI_API_KEY：是否完整，有没有过期。',
    en: 'Check OPENAI_API_KEY: that it is complete and has not expired.',
  },
  'doctor.hints.protocol-other': {
    zh: '检查 OPENAI_BASE_URL：它应当是 OpenAI 格式的接口，通常以 /v1 结尾。',
    en: 'Check OPENAI_BASE_URL. It must be an API in the dialect of OpenAI, and usually ends in /v1.',
  },
  'doctor.hints.no-key': {
    zh: '在 Google AI Studio 创建密钥，填进环境变量 GEMINI_API_KEY；用其他模型服务的，填写 OPENAI_BASE_URL、OPENAI_API_KEY 和 OPENAI_MODEL。',
    en: 'Create a key at Google AI Studio and put it into GEMINI_API_KEY, or set OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL for another service.',
  },
  'doctor.hints.database': {
    zh: '检查 data 目录是否可写。',
    en: 'Check that the data directory can be written.',
  },
  'doctor.hints.no-bot': {
    zh: '设置企业微信（WECOM_BOT_*）或钉钉（DINGTALK_*）的环境变量。',
    en: 'Set the environment variables of WeCom (WECOM_BOT_*) or DingTalk (DINGTALK_*).',
  },
}

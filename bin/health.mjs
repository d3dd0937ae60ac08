// Health check of the container. Exits with 0 if the WeCom callback path returns 200, or with WeCom off if the server
// responds at all; otherwise with 1.

const { HOST, PORT, PLATFORM, WECOM_BOT_TOKEN, WECOM_BOT_PATH } = process.env
const wildcards = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }
const host = wildcards[HOST ?? ''] ?? HOST
const origin = `http://${host.includes(':') ? `[${host}]` : host}:${PORT || 35000}`

try {
  const url = origin + (WECOM_BOT_PATH || '/api/wecom/callback')
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(3000) })
  process.exitCode = ok || !WECOM_BOT_TOKEN || PLATFORM === 'dingtalk' ? 0 : 1
} catch {
  process.exitCode = 1
}

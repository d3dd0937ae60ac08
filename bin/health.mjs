// Asks the instance on this machine whether it is well, for a container's health check: with WeCom on, its callback
// path answers 200; without it, any answer of the server will do. Exits with 0 or 1.

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

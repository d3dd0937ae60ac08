import { withoutBlank } from './instance/env'

/**
 * Asks the instance on this machine whether it is well, for a container's health check: with WeCom on, its callback
 * path answers 200; without it, any answer of the server will do. Exits with 0 or 1.
 */
async function check(): Promise<boolean> {
  const { HOST = '127.0.0.1', PORT = 35000, WECOM_BOT_PATH = '/api/wecom/callback', ...env } = withoutBlank(process.env)
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[HOST] ?? (HOST.includes(':') ? `[${HOST}]` : HOST)
  const response = await fetch(`http://${host}:${PORT}${WECOM_BOT_PATH}`, { signal: AbortSignal.timeout(3000) })
  return response.ok || !env.WECOM_BOT_TOKEN || env.PLATFORM === 'dingtalk'
}

check().catch(() => false).then((healthy) => { process.exitCode = healthy ? 0 : 1 })

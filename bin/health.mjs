// Health check of the container. Exits with 0 if the WeCom callback path returns 200, or with WeCom off if the server
// responds at all; otherwise, and while no platform is on, with 1.

import { readFileSync } from 'node:fs'

const { HOST, PORT, PLATFORM, WECOM_BOT_MODE, WECOM_BOT_TOKEN, WECOM_BOT_PATH } = process.env
const FILE = 'data/health.json'

/** What the instance has written; without it, what the environment variables say. */
function read() {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'))
  } catch {
    const wildcards = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }
    const host = wildcards[HOST ?? ''] ?? HOST
    const callback = WECOM_BOT_PATH || '/api/wecom/callback'
    return {
      origin: `http://${host.includes(':') ? `[${host}]` : host}:${PORT || 35000}`,
      callback: WECOM_BOT_TOKEN && WECOM_BOT_MODE !== 'websocket' && PLATFORM !== 'dingtalk' ? callback : undefined,
    }
  }
}

function fail(reason) {
  console.error(reason)
  process.exitCode = 1
}

const { origin, callback, platforms } = read()
try {
  const { ok, status } = await fetch(origin + (callback ?? '/'), { signal: AbortSignal.timeout(3000) })
  if (platforms?.length === 0) fail('no platform is on: set WECOM_BOT_* or DINGTALK_*')
  else if (callback && !ok) fail(`${callback} returns ${status}`)
} catch (error) {
  fail(`${origin} does not respond: ${error.cause?.code ?? error.message}`)
}

/** Diagnoses a failed check of the callback URL. Every message is in Chinese and English and says what to do. */

import type { HttpResponse } from './http'

export type VerificationFailureReason =
  | 'unreachable' | 'redirect' | 'html' | 'status' | 'wrong-token' | 'wrong-key' | 'wrong-receive-id' | 'wrong-echo' | 'slow'

export interface VerificationFailure {
  ok: false
  reason: VerificationFailureReason
  /** Two lines: Chinese, English. */
  detail: string
}

/** Milliseconds within which WeCom expects the echo. */
export const ECHO_TIMEOUT_MS = 1000

const fail = (reason: VerificationFailureReason, zh: string, en: string): VerificationFailure => ({ ok: false, reason, detail: `${zh}\n${en}` })

/** Whether the response is a web page. */
function isHtml({ headers, body }: HttpResponse) {
  return /^text\/html/i.test(headers['content-type'] ?? '') || /^\s*<(!doctype|html)/i.test(body)
}

const CONNECTION_HINTS: Record<string, [zh: string, en: string]> = {
  ENOTFOUND: ['域名无法解析：请检查拼写和 DNS 记录。', 'The host name does not resolve: check the spelling and the DNS record.'],
  EAI_AGAIN: ['DNS 暂时没有应答：请稍后再试，或检查本机网络。', 'DNS is not responding: try again later, or check the network of this machine.'],
  ECONNREFUSED: [
    '端口没有程序在监听：请确认 Koishi 与反向代理正在运行、端口正确。',
    'Nothing listens on that port: check that Koishi and the reverse proxy are running and that the port is right.',
  ],
  ECONNRESET: [
    '连接被重置：请检查反向代理、防火墙，以及协议是 http 还是 https。',
    'The connection was reset: check the reverse proxy, the firewall, and whether the port expects http or https.',
  ],
  timeout: [
    '连接超时：通常是防火墙或安全组没有放行这个端口。',
    'The connection timed out: usually a firewall or security group blocks this port.',
  ],
  tls: [
    'TLS 握手失败：请检查证书（域名、有效期、完整的证书链）。',
    'The TLS handshake failed: check the certificate (host name, validity, complete chain).',
  ],
}

/** No connection. @param cause the system's error; `undefined` after a timeout */
export function unreachable(cause?: NodeJS.ErrnoException): VerificationFailure {
  const code = cause?.code ?? 'timeout'
  const tls = /CERT|SSL|TLS|SIGNATURE|ISSUER|EPROTO|ALTNAME/.test(code)
  const [zh, en] = CONNECTION_HINTS[tls ? 'tls' : code] ?? ['请检查网络、域名和端口。', 'Check network, host name and port.']
  return fail('unreachable', `无法连接服务器（${code}）。${zh}`, `The server cannot be reached (${code}). ${en}`)
}

/** The echo arrived too late, or not at all. */
export function tooSlow(elapsed: number): VerificationFailure {
  const ms = Math.round(elapsed)
  return fail('slow',
    `响应用时 ${ms} 毫秒，企业微信只等 1 秒。请排除回调路径上的慢环节（隧道、跨境线路、冷启动），然后重试。`,
    `The response took ${ms} ms; WeCom waits 1 second. Remove what slows the path down (tunnel, long-distance link, cold start), then try again.`)
}

function redirect({ status, headers }: HttpResponse): VerificationFailure {
  const target = (headers.location ?? '').split('?')[0]
  return fail('redirect',
    `服务器把请求重定向（${status}）到 ${target || '别处'}，企业微信不跟随重定向。请直接填写最终地址（https、结尾斜杠），并让登录页不拦截这个路径。`,
    `The server redirects (${status}) to ${target || 'elsewhere'}; WeCom does not follow redirects. Enter the final address (https, trailing slash), and exempt this path from any login.`)
}

const html = () => fail('html',
  '服务器返回了网页而不是明文：这个路径没有到达机器人。请检查路径，确认适配器插件已启用，且反向代理没有把它交给控制台或前端页面。',
  'The server returned a web page instead of the echo: this path does not reach the bot. Check the path, that the adapter plugin is enabled, and that the reverse proxy does not route it to a console or front end.')

const STATUS_HINTS: Record<number, [zh: string, en: string]> = {
  401: ['这个路径需要登录或鉴权，请对它放行。', 'The path requires a login; exempt it.'],
  403: [
    '这个页面来自防火墙或反向代理，不是机器人，请放行这个路径。',
    'This page comes from a firewall or reverse proxy, not from the bot; allow the path.',
  ],
  404: [
    '这个路径上没有机器人：请核对路径，确认适配器插件已启用、凭据已填写；用 nginx 时，proxy_pass 结尾不要带 /，否则路径会被截掉。',
    'There is no bot on this path: compare the path, and check that the adapter plugin is enabled and has credentials. '
    + 'In nginx, proxy_pass must not end with /, which would cut the path.',
  ],
  405: ['这个路径不接受 GET：它可能不是机器人的回调地址。', 'The path does not accept GET: it may not be the bot\'s callback URL.'],
  502: ['反向代理连不上 Koishi：请确认它在运行、地址和端口正确。', 'The reverse proxy cannot reach Koishi: check that Koishi is running, its address and its port.'],
  503: ['服务暂时不可用：请确认 Koishi 已启动。', 'The service is unavailable: check that Koishi is running.'],
  504: ['反向代理没有等到 Koishi 的响应。', 'The reverse proxy timed out waiting for Koishi.'],
}

function status({ status }: HttpResponse): VerificationFailure {
  const [zh, en] = STATUS_HINTS[status] ?? ['请查看服务器日志。', 'See the server log.']
  return fail('status', `服务器返回状态码 ${status}。${zh}`, `The server returned status ${status}. ${en}`)
}

function wrongEcho(body: string, echo: string, encrypted: string): VerificationFailure {
  const shown = body.replace(/[^\x20-\x7e\u4e00-\u9fff]+/g, ' ').slice(0, 40)
  const [zh, en] = !body
    ? ['响应是空的。', 'The response is empty.']
    : body === encrypted || body === JSON.stringify(encrypted)
      ? ['响应是没有解密的密文。', 'The response is the ciphertext, not decrypted.']
      : body.replace(/^\ufeff/, '').trim() === echo
        ? ['明文前后多了空白、换行或 BOM。', 'The plain text is surrounded by white space, a line break or a BOM.']
        : body.includes(echo)
          ? ['明文外面包了别的内容（引号或 JSON）。', 'The plain text is wrapped in quotes or JSON.']
          : [`响应是「${shown}」。`, `The response is "${shown}".`]
  return fail('wrong-echo',
    `状态码是 200，但内容不是解密后的明文：${zh}响应必须与明文完全一致；请确认这个地址就是机器人的回调地址。`,
    `Status 200, but not the decrypted text: ${en} The body must be exactly that text; check that this is the bot's callback URL.`)
}

/**
 * Checks the response to a correct request.
 * @returns `undefined` for the right echo, `rejected` if the cause only shows in comparison with other responses
 */
export function diagnoseEcho(response: HttpResponse, echo: string, encrypted: string): VerificationFailure | 'rejected' | undefined {
  if (response.status >= 300 && response.status < 400) return redirect(response)
  if (response.status === 200) {
    if (response.body === echo) return
    return isHtml(response) ? html() : wrongEcho(response.body, echo, encrypted)
  }
  return [404, 405, 429, 502, 503, 504].includes(response.status) || isHtml(response) ? status(response) : 'rejected'
}

/** Whether two responses are equal apart from numbers and ids. */
function sameResponse(left: HttpResponse, right: HttpResponse) {
  const text = ({ status, body }: HttpResponse) => `${status} ${body.replace(/[0-9a-f-]{8,}|\d+/gi, '#')}`
  return text(left) === text(right)
}

/**
 * Finds the wrong credential by comparing three rejections.
 * @param rejected the response to a correct request
 * @param forged the response to a request with a forged signature
 * @param garbage the response to a correctly signed request whose ciphertext cannot be decrypted
 * @param skew how far the server's clock is ahead, in milliseconds
 */
export function diagnoseRejection(
  rejected: HttpResponse, forged: HttpResponse, garbage: HttpResponse, skew = 0,
): VerificationFailure {
  const code = `（${rejected.status}）`
  if (sameResponse(forged, garbage) && sameResponse(rejected, forged)) {
    const minutes = Math.round(Math.abs(skew) / 60000)
    const [zh, en] = minutes < 4 ? ['', ''] : [
      `另外，两边的时钟相差约 ${minutes} 分钟，过期的请求也会被拒绝，请先校准时钟。`,
      ` Also, the clocks differ by about ${minutes} minutes, and expired requests are rejected as well: correct the clocks first.`,
    ]
    return fail('wrong-token',
      `服务器拒绝了请求${code}，与拒绝伪造签名的响应相同：通常是两边的 Token 不一致。有的服务器对所有错误都返回相同的响应，所以也请核对 EncodingAESKey 和 ReceiveId。${zh}`,
      `The server rejected the request (${rejected.status}) exactly as it rejects a forged signature: usually the Tokens differ. Some servers reject everything alike, so compare EncodingAESKey and ReceiveId as well.${en}`)
  }
  if (sameResponse(rejected, garbage)) {
    return fail('wrong-key',
      `服务器接受了签名但无法解密${code}：Token 一致，EncodingAESKey 不一致。请重新复制那 43 个字符，保存后重启机器人。`,
      `The server accepted the signature but could not decrypt (${rejected.status}): the Tokens match, the EncodingAESKeys do not. Copy the 43 characters again and restart the bot.`)
  }
  return fail('wrong-receive-id',
    `签名和密钥都正确，但服务器仍然拒绝${code}：通常是 ReceiveId 不一致。企业自建的智能机器人应为空，第三方应用为 CorpID 或 SuiteID。`,
    `Signature and key are right, but the server rejected the request (${rejected.status}): usually the ReceiveIds differ. It is empty for an enterprise's own bot, and a CorpID or SuiteID otherwise.`)
}

/** What the answers to a URL verification mean. Every sentence in Chinese, then in English, with what to do. */

import type { Sent } from './http'

export type Reason =
  | 'unreachable' | 'redirect' | 'html' | 'status' | 'wrong-token' | 'wrong-key' | 'wrong-receive-id' | 'wrong-echo' | 'slow'

export interface Failure {
  ok: false
  reason: Reason
  /** Two lines: Chinese, English. */
  detail: string
}

/** Milliseconds WeCom waits for the echo. */
export const limit = 1000

const fail = (reason: Reason, zh: string, en: string): Failure => ({ ok: false, reason, detail: `${zh}\n${en}` })

/** A body that is a page rather than an echo. */
function isHtml({ headers, body }: Sent) {
  return /^text\/html/i.test(headers['content-type'] ?? '') || /^\s*<(!doctype|html)/i.test(body)
}

const connection: Record<string, [zh: string, en: string]> = {
  ENOTFOUND: ['域名无法解析：请检查拼写和 DNS 记录。', 'The host name does not resolve: check the spelling and the DNS record.'],
  EAI_AGAIN: ['DNS 暂时没有应答：请稍后再试，或检查本机网络。', 'DNS does not answer at the moment: try again, or check the network of this machine.'],
  ECONNREFUSED: [
    '端口没有程序在监听：请确认 Koishi 与反向代理正在运行、端口正确。',
    'Nothing listens on that port: check that Koishi and the reverse proxy run, and the port number.',
  ],
  ECONNRESET: [
    '连接被对方切断：请检查反向代理、防火墙，以及协议是 http 还是 https。',
    'The connection was cut: check the reverse proxy, the firewall, and whether the port speaks http or https.',
  ],
  timeout: [
    '连不上，也没有被拒绝：多半是防火墙或安全组没有放行这个端口。',
    'No connection and no refusal: most likely a firewall or security group drops this port.',
  ],
  tls: [
    'TLS 握手失败：请检查证书（域名、有效期、完整的证书链）。',
    'The TLS handshake failed: check the certificate (host name, validity, complete chain).',
  ],
}

/** No connection at all. @param cause what the system reported; absent when it just took too long */
export function unreachable(cause?: NodeJS.ErrnoException): Failure {
  const code = cause?.code ?? 'timeout'
  const tls = /CERT|SSL|TLS|SIGNATURE|ISSUER|EPROTO|ALTNAME/.test(code)
  const [zh, en] = connection[tls ? 'tls' : code] ?? ['请检查网络、域名和端口。', 'Check network, host name and port.']
  return fail('unreachable', `连不上服务器（${code}）。${zh}`, `The server cannot be reached (${code}). ${en}`)
}

/** The right echo, too late, or no answer in all that time. */
export function slow(elapsed: number): Failure {
  const ms = Math.round(elapsed)
  return fail('slow',
    `应答用了 ${ms} 毫秒，企业微信只等 1 秒。请去掉回调路径前面的慢环节（隧道、跨境线路、冷启动），然后重试。`,
    `It took ${ms} ms; WeCom waits for 1 second. Remove what is slow in front of the path (tunnel, distant line, cold start), then try again.`)
}

function redirect({ status, headers }: Sent): Failure {
  const target = (headers.location ?? '').split('?')[0]
  return fail('redirect',
    `服务器把请求重定向（${status}）到 ${target || '别处'}，企业微信不跟随重定向。请直接填写最终地址（https、结尾斜杠），并让登录页不拦截这个路径。`,
    `The server redirects (${status}) to ${target || 'elsewhere'}; WeCom does not follow. Enter the final address (https, trailing slash), and keep logins away from this path.`)
}

const html = () => fail('html',
  '服务器返回了网页而不是明文：这个路径没有到达机器人。请检查路径，确认适配器插件已启用，且反向代理没有把它交给控制台或前端页面。',
  'The server answered with a web page instead of the echo: this path does not reach the bot. Check the path, that the adapter plugin is enabled, and that the reverse proxy does not give it to a console or front end.')

const statuses: Record<number, [zh: string, en: string]> = {
  401: ['路径前面有登录或鉴权，请对它放行。', 'A login guards the path; let it pass.'],
  403: [
    '这个页面来自防火墙或反向代理，不是机器人，请放行这个路径。',
    'This page comes from a firewall or reverse proxy, not from the bot; let the path pass.',
  ],
  404: [
    '这个路径上没有机器人：请核对路径，并确认适配器插件已启用、凭据已填写。',
    'There is no bot on this path: compare the path, and check that the adapter plugin is enabled and has its credentials.',
  ],
  405: ['这个路径不接受 GET：它可能不是机器人的回调地址。', 'The path takes no GET: it may not be the bot\'s callback.'],
  502: ['反向代理连不上 Koishi：请确认它在运行、地址和端口正确。', 'The reverse proxy cannot reach Koishi: check that it runs, and address and port.'],
  503: ['服务暂时不可用：请确认 Koishi 已启动。', 'The service is unavailable: check that Koishi is up.'],
  504: ['反向代理等不到 Koishi 的应答。', 'The reverse proxy gets no answer from Koishi.'],
}

function status({ status }: Sent): Failure {
  const [zh, en] = statuses[status] ?? ['请查看服务器日志。', 'See the log of the server.']
  return fail('status', `服务器返回状态码 ${status}。${zh}`, `The server answered with status ${status}. ${en}`)
}

function wrongEcho(body: string, echo: string, encrypted: string): Failure {
  const shown = body.replace(/[^\x20-\x7e\u4e00-\u9fff]+/g, ' ').slice(0, 40)
  const [zh, en] = !body
    ? ['应答是空的。', 'The answer is empty.']
    : body === encrypted || body === JSON.stringify(encrypted)
      ? ['应答是没有解密的密文。', 'The answer is the ciphertext, not decrypted.']
      : body.replace(/^\ufeff/, '').trim() === echo
        ? ['明文前后多了空白、换行或 BOM。', 'There is white space, a line break or a BOM around the plain text.']
        : body.includes(echo)
          ? ['明文外面包了别的内容（引号或 JSON）。', 'The plain text is wrapped in something (quotes or JSON).']
          : [`应答是“${shown}”。`, `The answer is "${shown}".`]
  return fail('wrong-echo',
    `状态码是 200，但内容不是解密后的明文：${zh}应答必须恰好是明文，不多一个字符；请确认这个地址就是机器人的回调地址。`,
    `Status 200, but not the decrypted text: ${en} The body must be that text and nothing else; check that this is the bot's callback.`)
}

/**
 * Judges the first answer.
 * @returns nothing for the right echo, `refused` when only a comparison with other answers can tell
 */
export function judge(sent: Sent, echo: string, encrypted: string): Failure | 'refused' | undefined {
  if (sent.status >= 300 && sent.status < 400) return redirect(sent)
  if (sent.status === 200) {
    if (sent.body === echo) return
    return isHtml(sent) ? html() : wrongEcho(sent.body, echo, encrypted)
  }
  return [404, 405, 429, 502, 503, 504].includes(sent.status) || isHtml(sent) ? status(sent) : 'refused'
}

/** Whether two answers say the same, but for numbers in them. */
function same(left: Sent, right: Sent) {
  const text = ({ status, body }: Sent) => `${status} ${body.replace(/[0-9a-f-]{8,}|\d+/gi, '#')}`
  return text(left) === text(right)
}

/**
 * Tells refusals apart by how else the server refuses: a request with a forged signature, and one with our signature
 * whose ciphertext nobody can open.
 * @param skew how far the server's clock is ahead, in milliseconds
 */
export function blame(refused: Sent, forged: Sent, garbage: Sent, skew = 0): Failure {
  const code = `（${refused.status}）`
  if (same(forged, garbage) && same(refused, forged)) {
    const minutes = Math.round(Math.abs(skew) / 60000)
    const [zh, en] = minutes < 4 ? ['', ''] : [
      `另外，两边的时钟相差约 ${minutes} 分钟，过期的请求也会被拒绝，请先校准时钟。`,
      ` Also, the clocks differ by about ${minutes} minutes, and stale requests are refused as well: set them right first.`,
    ]
    return fail('wrong-token',
      `服务器拒绝了请求${code}，和对待伪造签名完全一样：通常是两边的 Token 不一致。有的服务器对所有错误都这样回答，所以也请核对 EncodingAESKey 和 ReceiveId。${zh}`,
      `The server refused (${refused.status}) just as it refuses a forged signature: as a rule the Tokens differ. Some servers refuse everything alike, so compare EncodingAESKey and ReceiveId as well.${en}`)
  }
  if (same(refused, garbage)) {
    return fail('wrong-key',
      `服务器接受了签名但无法解密${code}：Token 一致，EncodingAESKey 不一致。请重新复制那 43 个字符，保存后重启机器人。`,
      `The server took the signature but could not decrypt (${refused.status}): the Tokens match, the EncodingAESKeys do not. Copy the 43 characters again and restart the bot.`)
  }
  return fail('wrong-receive-id',
    `签名和密钥都对，但服务器仍然拒绝${code}：多半是 ReceiveId 不一致。企业自建的智能机器人应为空，第三方应用为 CorpID 或 SuiteID。`,
    `Signature and key are right, yet the server refused (${refused.status}): most likely the ReceiveIds differ. It is empty for an enterprise's own bot, and a CorpID or SuiteID otherwise.`)
}

import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock'
import type { ApiResult } from './api-result'
import { contentErrcode, parseJson, apiResult } from './api-result'

/** A call of a `response_url`, accepted or not. */
export interface ActiveReply {
  code: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  at: number
  errcode: number
}

interface IssuedCode {
  chatType: 'single' | 'group'
  issuedAt: number
  used: boolean
}

const URL_LIFETIME_MS = 60 * 60 * 1000

/**
 * Active replies: each `response_url` accepts one call within an hour.
 * @see https://developer.work.weixin.qq.com/document/path/101138
 */
export class ResponseUrls {
  readonly calls: ActiveReply[] = []
  private readonly codes = new Map<string, IssuedCode>()

  constructor(private readonly clock: Clock) {}

  issue(chatType: 'single' | 'group') {
    const code = randomBytes(24).toString('base64url')
    this.codes.set(code, { chatType, issuedAt: this.clock.now(), used: false })
    return code
  }

  /** Handles a call, which uses up the URL even if it is rejected. */
  call(code: string, bytes: Buffer): ApiResult {
    const at = this.clock.now()
    const body = parseJson(bytes)
    const errcode = this.errcodeOf(code, at, body)
    this.calls.push({ code, body: body ?? bytes.toString(), at, errcode })
    return apiResult(errcode)
  }

  private errcodeOf(name: string, at: number, body: Record<string, unknown> | undefined) {
    const code = this.codes.get(name)
    // The documentation names no errcode for a used or expired URL.
    if (!code || code.used || at - code.issuedAt > URL_LIFETIME_MS) return 40029
    code.used = true
    if (!body) return 47001
    if (body.msgtype === 'markdown') return contentErrcode(body.markdown, 20480)
    if (body.msgtype !== 'template_card' || code.chatType === 'group') return 40008
    return (body.template_card as { card_type?: string } | undefined)?.card_type ? 0 : 40058
  }
}

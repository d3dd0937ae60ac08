/** A response of WeCom's web API, whose HTTP status is 200 even for errors. */
export interface ApiResult {
  errcode: number
  errmsg: string
  [field: string]: unknown
}

/** @see https://developer.work.weixin.qq.com/document/path/90313 */
const messages: Record<number, string> = {
  [-1]: 'system busy',
  0: 'ok',
  40004: 'invalid media type',
  40005: 'invalid type',
  40006: 'invalid media size',
  40007: 'invalid media_id',
  40008: 'invalid message type',
  40009: 'invalid image size',
  40029: 'invalid code',
  40058: 'invalid Request Parameter',
  44001: 'empty media data',
  44003: 'empty news content',
  44004: 'empty content',
  45008: 'article count out of limit',
  45009: 'api freq out of limit',
  47001: 'data format error',
  93000: 'invalid webhook url',
  301019: 'media md5 not match',
}

export function apiResult(errcode = 0, fields: object = {}): ApiResult {
  return { errcode, errmsg: messages[errcode] ?? 'error', ...fields }
}

/** @returns the parsed object, or `undefined` for anything else */
export function parseJson(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(body.toString())
    return value && typeof value === 'object' ? value : undefined
  } catch {
    return undefined
  }
}

/** Checks the `content` of a Markdown or text message against a limit in bytes. @returns the errcode */
export function contentErrcode(message: unknown, limit: number) {
  const { content } = (message ?? {}) as { content?: unknown }
  if (typeof content !== 'string' || !content) return 44004
  return Buffer.byteLength(content) > limit ? 40058 : 0
}

import { randomBytes } from 'node:crypto'

/**
 * One file as `multipart/form-data`, with the `filelength` that WeCom wants beside its name.
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function formData(field: string, name: string, data: Buffer): { type: string, body: Buffer } {
  const boundary = `----wecom-bot-${randomBytes(12).toString('hex')}`
  // https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
  const filename = name.replace(/[\r\n"]/g, encodeURIComponent)
  const head = [
    `--${boundary}`,
    `Content-Disposition: form-data; name="${field}"; filename="${filename}"; filelength=${data.length}`,
    'Content-Type: application/octet-stream',
    '\r\n',
  ].join('\r\n')
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat([Buffer.from(head), data, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  }
}

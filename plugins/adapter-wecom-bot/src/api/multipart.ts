import { randomBytes } from 'node:crypto'

/** A `multipart/form-data` body and its content type. */
export class FormBody {
  constructor(readonly type: string, readonly body: Buffer) {}
}

/**
 * Encodes one file for an upload, with the `filelength` that WeCom requires beside the file name.
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function formData(field: string, name: string, data: Buffer): FormBody {
  const boundary = `----wecom-bot-${randomBytes(12).toString('hex')}`
  // https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
  const filename = name.replace(/[\r\n"]/g, encodeURIComponent)
  const head = [
    `--${boundary}`,
    `Content-Disposition: form-data; name="${field}"; filename="${filename}"; filelength=${data.length}`,
    'Content-Type: application/octet-stream',
    '\r\n',
  ].join('\r\n')
  const body = Buffer.concat([Buffer.from(head), data, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return new FormBody(`multipart/form-data; boundary=${boundary}`, body)
}

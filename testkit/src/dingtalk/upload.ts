import { oldApiError } from './api-error'

/** A file that was uploaded for use in messages. */
export interface UploadedFile {
  type: 'image' | 'voice' | 'video' | 'file'
  name: string
  bytes: Buffer
}

/** Bytes of a file of each type. */
const LIMITS: Record<string, number> = { image: 20e6, voice: 2e6, video: 20e6, file: 20e6 }

/**
 * Files uploaded with the old API.
 * @see https://open.dingtalk.com/document/orgapp/upload-media-files
 */
export class Uploads {
  readonly files = new Map<string, UploadedFile>()

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async add({ type, media }: any): Promise<object> {
    if (!(type in LIMITS)) return oldApiError(40004, '不合法的媒体文件类型')
    if (!(media instanceof Blob) || !media.size) return oldApiError(40035, '媒体文件为空')
    if (media.size > LIMITS[type]) return oldApiError(40006, '不合法的媒体文件大小')
    const id = `@media-${this.files.size + 1}`
    this.files.set(id, { type, name: (media as File).name, bytes: Buffer.from(await media.arrayBuffer()) })
    return { errcode: 0, errmsg: 'ok', type, media_id: id, created_at: 1_800_000_000 }
  }
}

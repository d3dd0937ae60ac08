import type { DingtalkApi } from '../api/api'
import { DingtalkError } from '../api/error'
import { MAX_UPLOAD_BYTES, MAX_VOICE_BYTES } from '../api/limits'
import type { Chat } from '../api/stock-bot'

/** A file that a plugin sends. */
export interface OutgoingFile {
  kind: 'img' | 'audio' | 'video' | 'file'
  src: string
  name?: string
  durationMs?: number
  /** Address of a picture for a video. DingTalk takes no video without one. */
  poster?: string
}

export interface LoadedFile {
  type: string
  name: string
  data: ArrayBuffer | Uint8Array<ArrayBuffer>
}

/** @throws where the file cannot be read */
export type LoadFile = (src: string) => Promise<LoadedFile>

/** A message of one type. */
interface FileMessage {
  msgKey: string
  param: Record<string, string>
}

const PICTURE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/bmp'])
const VOICE_TYPES = new Set(['audio/amr', 'audio/mpeg', 'audio/mp3', 'audio/wav', 'audio/x-wav', 'audio/wave'])

/**
 * Uploads files and sends them as messages of their type. What DingTalk does not take as a picture, voice or video goes
 * as a file.
 * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
 */
export class MediaSender {
  constructor(private readonly api: DingtalkApi, private readonly chat: Chat, private readonly load: LoadFile) {}

  /**
   * @returns the key by which the message can be recalled
   * @throws {DingtalkError}, or what loading the file throws
   */
  async send(file: OutgoingFile): Promise<string> {
    const { api, chat } = this
    if (!chat.isReachable) {
      throw new DingtalkError('dingtalk/request-refused', 'files cannot be sent to people outside the company')
    }
    const { msgKey, param } = await this.message(file, await this.loadLimited(file.src))
    return api.send(chat, msgKey, JSON.stringify(param))
  }

  private async message(file: OutgoingFile, loaded: LoadedFile): Promise<FileMessage> {
    const { durationMs, kind, poster } = file
    const duration = durationMs === undefined ? undefined : String(Math.round(durationMs))
    if (kind === 'img' && PICTURE_TYPES.has(loaded.type)) {
      return { msgKey: 'sampleImageMsg', param: { photoURL: await this.upload('image', loaded) } }
    }
    if (kind === 'audio' && duration && VOICE_TYPES.has(loaded.type) && loaded.data.byteLength <= MAX_VOICE_BYTES) {
      return { msgKey: 'sampleAudio', param: { mediaId: await this.upload('voice', loaded), duration } }
    }
    if (kind === 'video' && duration && poster && loaded.type === 'video/mp4') {
      const picMediaId = await this.upload('image', await this.loadLimited(poster))
      const videoMediaId = await this.upload('video', loaded)
      return { msgKey: 'sampleVideo', param: { duration, videoMediaId, videoType: 'mp4', picMediaId } }
    }
    const fileName = file.name ?? loaded.name
    const fileType = /\.(\w+)$/.exec(fileName)?.[1].toLowerCase() ?? 'file'
    const mediaId = await this.upload('file', { ...loaded, name: fileName })
    return { msgKey: 'sampleFile', param: { mediaId, fileName, fileType } }
  }

  private async loadLimited(src: string): Promise<LoadedFile> {
    const loaded = await this.load(src)
    const { byteLength } = loaded.data
    if (byteLength <= MAX_UPLOAD_BYTES) return loaded
    throw new DingtalkError('dingtalk/content-too-large', `a file of ${byteLength} bytes: DingTalk takes ${MAX_UPLOAD_BYTES}`)
  }

  private upload(type: 'image' | 'voice' | 'video' | 'file', { data, name, type: mime }: LoadedFile): Promise<string> {
    return this.api.upload(type, new Blob([data], { type: mime }), name)
  }
}

/** Koishi's names of the kinds of files. */
export type FileKind = 'img' | 'audio' | 'video' | 'file'

/** A piece of a message. */
export type Part =
  | { type: 'text', text: string }
  | { type: 'link', url: string, text: string }
  | { type: 'file', kind: FileKind, downloadCode?: string, name?: string }

/** The mention that a group message carries. */
export interface BotMention {
  /** Display name of the robot, where it is known. */
  name?: string
  /** Whether it is the first mention. */
  isFirst: boolean
}

interface RichTextItem {
  type?: string
  msgType?: string
  text?: string
  /** The text, in quoted messages. */
  content?: string
  atName?: string
  downloadCode?: string
  fileName?: string
}

interface Content {
  content?: string
  text?: string
  richText?: RichTextItem[]
  downloadCode?: string
  pictureDownloadCode?: string
  fileName?: string
  recognition?: string
  videoType?: string
  title?: string
  summary?: string
  biz_custom_action_url?: string
}

const kinds: Record<string, FileKind> = { picture: 'img', image: 'img', audio: 'audio', voice: 'audio', video: 'video', file: 'file' }

/**
 * Reads what a message says.
 * @param type as DingTalk names it
 * @param mention of the robot, which some clients leave in the text
 * @returns nothing for types that say nothing that can be read
 * @see https://open.dingtalk.com/document/orgapp/receive-message
 */
export function readParts(type: string, content: object, mention?: BotMention): Part[] {
  const fields = content as Content
  switch (type) {
    case 'text': return readText(String(fields.content ?? fields.text ?? ''), !!mention)
    case 'markdown': return readText(String(fields.text ?? fields.content ?? ''), !!mention)
    case 'richText': return readRichText(fields.richText ?? [], mention)
    case 'chatRecord': return readText([fields.title, fields.summary].filter(Boolean).join('\n'), false)
    case 'interactiveCard': return readCard(fields)
    default: return readFile(type, fields)
  }
}

function readText(text: string, isGroup: boolean): Part[] {
  // In groups, the space that followed the mention is left.
  const body = isGroup ? text.trim() : text
  return body.trim() ? [{ type: 'text', text: body }] : []
}

function readRichText(items: RichTextItem[], mention?: BotMention): Part[] {
  const parts = items.flatMap((item): Part[] => {
    const { type, msgType = type, downloadCode, fileName: name } = item
    const text = item.text ?? item.content
    if (downloadCode) return [{ type: 'file', kind: kinds[msgType ?? 'picture'] ?? 'file', downloadCode, name }]
    if (msgType === 'at' && item.atName) return [{ type: 'text', text: `@${item.atName} ` }]
    return text ? [{ type: 'text', text }] : []
  })
  return trimText(mention ? withoutMention(parts, mention) : parts)
}

/**
 * Takes off the mention of the robot that HarmonyOS clients leave in front, as a piece of its own or together with what
 * follows it. Where the name is not known, and nothing shows where it ends, the text stays as it is.
 */
function withoutMention(parts: Part[], { name, isFirst }: BotMention): Part[] {
  const index = parts.findIndex(part => part.type !== 'text' || part.text.trim() !== '')
  const first = parts[index]
  if (first?.type !== 'text' || !isFirst) return parts
  const text = first.text.trimStart()
  const isKnown = !!name && text.startsWith(`@${name}`)
  const mention = isKnown ? `@${name}` : /^@[^\s/]+/.exec(text)?.[0]
  const isAlone = mention === text.trimEnd()
  if (!mention || (isAlone && !isKnown && index === parts.length - 1)) return parts
  const rest = text.slice(mention.length)
  return [{ type: 'text', text: rest.trimStart() }, ...parts.slice(index + 1)]
}

/** Removes blanks at the beginning and the end, which would keep commands from being recognised. */
function trimText(parts: Part[]): Part[] {
  const result = [...parts]
  while (isBlank(result[0])) result.shift()
  while (isBlank(result.at(-1))) result.pop()
  const [first] = result
  if (first?.type === 'text') result[0] = { ...first, text: first.text.trimStart() }
  const last = result.at(-1)
  if (last?.type === 'text') result[result.length - 1] = { ...last, text: last.text.trimEnd() }
  return result
}

function isBlank(part: Part | undefined): boolean {
  return part?.type === 'text' && !part.text.trim()
}

/** A forwarded card. Cards of DingTalk's documents lead to them. */
function readCard({ biz_custom_action_url: url, text, title }: Content): Part[] {
  const name = title ?? text
  if (url && /^https?:/.test(url)) return [{ type: 'link', url, text: name ?? url }]
  return name?.trim() ? [{ type: 'text', text: name }] : []
}

function readFile(type: string, content: Content): Part[] {
  const { downloadCode, pictureDownloadCode, fileName, recognition, videoType } = content
  const kind = kinds[type]
  if (!kind) return fileName ? [{ type: 'file', kind: 'file', downloadCode, name: fileName }] : []
  const name = fileName ?? (kind === 'video' && videoType ? `video.${videoType}` : undefined)
  const file: Part = { type: 'file', kind, downloadCode: downloadCode ?? pictureDownloadCode, name }
  // The words come first, so that spoken commands are recognised.
  return kind === 'audio' && recognition?.trim() ? [{ type: 'text', text: recognition.trim() }, file] : [file]
}

import type { CallbackBase, Click, Message, MessageBody, Payload, UnknownMessage, UnreadablePart } from './payload'
import { CallbackError } from './callback-error'
import type { Tree } from './xml'
import { listOf, numberOf, parseXml, textOf, treeOf, treesOf } from './xml'

/**
 * Parses the decrypted XML of a callback: one with a `WebhookUrl` is of a legacy group robot, one with an `AgentID` of
 * a self-built app.
 * @throws {CallbackError} `payload`
 */
export function parseXmlPayload(plaintext: string): Payload {
  const tree = parseXml(plaintext, 'payload')
  if (tree.webhookurl !== undefined) return parseRobot(tree, false)
  if (tree.agentid !== undefined) return readApp(tree)
  throw new CallbackError('payload', 'XML with neither an AgentID nor a WebhookUrl')
}

function required(tree: Tree | undefined, name: string, label: string): string {
  const value = textOf(tree, name)
  if (!value) throw new CallbackError('payload', `no <${label}>`)
  return value
}

/**
 * @see https://developer.work.weixin.qq.com/document/path/90239
 * @see https://developer.work.weixin.qq.com/document/path/90240
 */
function readApp(tree: Tree): Payload {
  const type = required(tree, 'msgtype', 'MsgType')
  const agentId = required(tree, 'agentid', 'AgentID')
  const userId = required(tree, 'fromusername', 'FromUserName')
  const createTime = numberOf(tree, 'createtime')
  const base: Omit<CallbackBase, 'msgId'> = {
    botId: `app:${agentId}`,
    userId,
    createTime,
    source: { name: 'app', corpId: required(tree, 'tousername', 'ToUserName'), agentId },
  }
  if (type !== 'event') return message({ ...base, msgId: required(tree, 'msgid', 'MsgId') }, type, appBody(type, tree))
  const name = textOf(tree, 'event') ?? ''
  // Events have no id. Sender, time, name and key identify them.
  const what = ['eventkey', 'taskid'].map(key => textOf(tree, key)?.slice(0, 128))
  const msgId = [userId, createTime, name, ...what].filter(Boolean).join('/')
  return { kind: 'event', ...base, msgId, ...appEvent(name, tree) }
}

function message(base: CallbackBase, name: string, body: MessageBody | undefined): Message | UnknownMessage {
  return body ? { kind: 'message', ...base, body } : { kind: 'unknown', ...base, name }
}

function appBody(type: string, tree: Tree): MessageBody | undefined {
  const mediaId = textOf(tree, 'mediaid')
  const media = { url: '', isPlain: true as const, mediaId }
  switch (type) {
    case 'text':
      return { type, text: textOf(tree, 'content') ?? '' }
    case 'image': {
      const url = textOf(tree, 'picurl')?.trim() ?? ''
      return url || mediaId ? { type, media: { ...media, url } } : undefined
    }
    case 'voice': {
      const text = textOf(tree, 'recognition')
      if (text) return { type, text }
      return mediaId ? { type: 'audio', media } : undefined
    }
    case 'video':
    case 'file':
      return mediaId ? { type, media } : undefined
    case 'location': {
      const [latitude, longitude] = [numberOf(tree, 'locationx'), numberOf(tree, 'locationy')]
      if (latitude === undefined || longitude === undefined) return
      return { type, latitude, longitude, label: textOf(tree, 'label') ?? '' }
    }
    case 'link': {
      const url = textOf(tree, 'url')
      return url ? { type, title: textOf(tree, 'title') ?? '', text: textOf(tree, 'description') ?? '', url } : undefined
    }
  }
}

function appEvent(name: string, tree: Tree) {
  switch (name) {
    case 'subscribe':
      return { type: 'enter-chat' as const }
    case 'click':
    case 'template_card_menu_event':
      return { type: 'card-click' as const, click: click(tree) }
    case 'template_card_event':
      return { type: 'card-click' as const, click: click(tree), responseCode: textOf(tree, 'responsecode') }
    default:
      return unknown(name, tree)
  }
}

function click(tree: Tree): Click {
  const selected: [key: string, ids: string[]][] = []
  for (const item of treesOf(treeOf(tree, 'selecteditems'), 'selecteditem')) {
    const key = textOf(item, 'questionkey')
    if (key) selected.push([key, listOf(treeOf(item, 'optionids'), 'optionid').filter(id => typeof id === 'string')])
  }
  return {
    cardType: textOf(tree, 'cardtype') ?? 'menu',
    key: textOf(tree, 'eventkey') ?? '',
    taskId: textOf(tree, 'taskid') ?? '',
    selected: Object.fromEntries(selected),
  }
}

/** Bearer secrets, which are not passed on. */
const secrets = ['responsecode', 'webhookurl', 'getchatinfourl']

function unknown(name: string, tree: Tree) {
  const data = Object.fromEntries(Object.entries(tree).filter(([key]) => !secrets.includes(key)))
  return { type: 'unknown' as const, name, data }
}

/**
 * Parses a callback of a legacy group robot, from XML or JSON.
 * @throws {CallbackError} `payload`
 */
export function parseRobot(tree: Tree, isJson: boolean): Payload {
  const type = required(tree, 'msgtype', 'MsgType')
  const from = treeOf(tree, 'from')
  const chatId = textOf(tree, 'chatid')
  const isSingle = textOf(tree, 'chattype') === 'single'
  if (!isSingle && !chatId) throw new CallbackError('payload', 'group without <ChatId>')
  const base: CallbackBase = {
    msgId: required(tree, 'msgid', 'MsgId'),
    botId: 'robot',
    userId: type === 'event' ? textOf(from, 'userid') ?? '' : required(from, 'userid', 'UserId'),
    userName: textOf(from, 'name'),
    chatId: isSingle ? undefined : chatId,
    source: { name: 'robot', chatId, isJson },
    webhookUrl: textOf(tree, 'webhookurl')?.trim(),
  }
  switch (type) {
    case 'event': {
      const name = textOf(treeOf(tree, 'event'), 'eventtype') ?? ''
      return { kind: 'event', ...base, ...name === 'enter_chat' ? { type: 'enter-chat' } : unknown(name, tree) }
    }
    case 'attachment':
      return { kind: 'event', ...base, type: 'card-click', click: press(treeOf(tree, 'attachment')) }
    default:
      return message(base, type, robotBody(type, tree))
  }
}

function robotBody(type: string, tree: Tree): MessageBody | undefined {
  switch (type) {
    case 'text':
      return { type, text: textOf(treeOf(tree, 'text'), 'content') ?? '' }
    case 'image': {
      const url = textOf(treeOf(tree, 'image'), 'imageurl')?.trim()
      return url ? { type, media: { url, isPlain: true } } : undefined
    }
    case 'mixed': {
      const items = treesOf(treeOf(tree, 'mixedmessage'), 'msgitem')
        .flatMap((item): (MessageBody | UnreadablePart)[] => {
          const name = textOf(item, 'msgtype') ?? ''
          const body = robotBody(name, item)
          return body ? [body] : name ? [{ type: 'unreadable', name }] : []
        })
      return { type, items }
    }
  }
}

/** A click on a button below a Markdown message. */
function press(tree: Tree | undefined): Click {
  const [action] = treesOf(tree, 'actions')
  return {
    cardType: 'attachment',
    key: textOf(action, 'value') ?? textOf(action, 'name') ?? '',
    taskId: textOf(tree, 'callbackid') ?? '',
    selected: {},
  }
}

/**
 * The other sides of the project, over real sockets. They follow the platforms' documents and share no code with the
 * plugins, so that what both sides agree on is what the document says.
 */

export * from './certificate'
export * from './clock'
export * from './gemini/server'
export type { Action, GeminiRequest } from './gemini/request'
export * as scenarios from './gemini/scenarios'
export type { Pause, Piece, Scenario } from './gemini/scenario'
export type { Framing } from './gemini/framing'
export * from './proxy/connect'
export * from './proxy/socks'
export type { Connection, Proxy, ProxyOptions } from './proxy/tunnel'
export * from './wecom/client'
export * from './wecom/conversation'
export * from './wecom/crypto'
export { ReplyError } from './wecom/envelope'
export { SendError } from './wecom/http'
export * from './wecom/payload'
export * from './wecom/rules'
export type { Reason } from './wecom/diagnosis'
export type { Verdict } from './wecom/verify'
export { createWecom } from './wecom/platform'
export type { Wecom, WecomOptions } from './wecom/platform'
export type { MediaOptions } from './wecom/media'
export type { ActiveReply } from './wecom/response'
export type { Upload, WebhookCall } from './wecom/webhook'

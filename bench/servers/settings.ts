/** Credentials and path that both sides of a benchmark use. */
export const TOKEN = 'benchmark'
export const AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
export const PATH = '/api/wecom/callback'

/** Configuration with every feature on that affects a callback. */
export const ALL_FEATURES = {
  botId: 'AIBOTID',
  name: 'bot',
  storage: 'database',
  streamStyle: 'stream_with_template_card',
  cardButtons: [{ text: 'stop', input: 'gemini.stop' }],
  welcome: 'welcome',
  webhookKey: '693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa',
  corpId: 'ww0123456789abcdef',
  agentId: '1000002',
  secret: 'secret',
  previousToken: 'previous',
  previousEncodingAESKey: AES_KEY.split('').reverse().join(''),
  healthToken: 'health',
}

/** A bot on its long connection. */
export const LONG_CONNECTION_BOT = { botId: 'AIBOTID', botSecret: 'SECRET' }

/** What both sides of every benchmark know. */
export const TOKEN = 'benchmark'
export const AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
export const PATH = '/api/wecom/callback'

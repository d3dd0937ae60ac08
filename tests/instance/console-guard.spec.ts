import assert from 'node:assert/strict'
import { isDirect } from '../../bin/instance/console-guard'

describe('the console without a password', () => {
  const direct: Record<string, string>[] = [
    { host: '127.0.0.1:35000' },
    { host: 'localhost:35000' },
    { host: '[::1]:35000' },
    { host: 'localhost:8080', origin: 'http://localhost:8080' },
  ]
  for (const headers of direct) {
    it(`opens for ${JSON.stringify(headers)}`, () => assert.ok(isDirect({ headers })))
  }

  const foreign: Record<string, string>[] = [
    {},
    { host: 'bot.example.com' },
    { host: '192.168.1.8:35000' },
    { host: '127.0.0.1.example.com' },
    { host: '127.0.0.1:35000', 'x-forwarded-for': '203.0.113.7' },
    { host: '127.0.0.1:35000', 'x-real-ip': '127.0.0.1' },
    { host: '127.0.0.1:35000', forwarded: 'for=203.0.113.7' },
    { host: '127.0.0.1:35000', origin: 'https://evil.example.com' },
    { host: '127.0.0.1:35000', origin: 'null' },
  ]
  for (const headers of foreign) {
    it(`stays closed for ${JSON.stringify(headers)}`, () => assert.ok(!isDirect({ headers })))
  }
})

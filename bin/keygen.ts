import { createEncodingAESKey, createToken } from 'testkit'

// Ready to be appended to .env, and to be pasted into the console.
console.log(`WECOM_BOT_TOKEN=${createToken()}`)
console.log(`WECOM_BOT_ENCODING_AES_KEY=${createEncodingAESKey()}`)

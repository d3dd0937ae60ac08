import { createEncodingAESKey, createToken } from 'testkit'

// Generates a Token and an EncodingAESKey, as lines for .env. The WeCom console accepts both values.
console.log(`WECOM_BOT_TOKEN=${createToken()}`)
console.log(`WECOM_BOT_ENCODING_AES_KEY=${createEncodingAESKey()}`)

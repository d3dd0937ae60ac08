// A plugin of the tests: fills the tables of assistant-status with a year, and tells of keys and quotas.
const { createHash } = require('node:crypto')

exports.name = 'status-seed'
exports.inject = ['server', 'database']

const HOUR_MS = 3_600_000
const pad = number => String(number).padStart(2, '0')
const periodOf = (time) => {
  const date = new Date(time)
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}T${pad(date.getHours())}`
}
const people = ['ZhangSan', 'LiSi', 'WangWu', 'ZhaoLiu', 'chen.jing', 'sun.hao']
/** Has asked for the last time more than a month ago. */
const hostile = '=HYPERLINK("x")'
const groups = ['wrGROUPsupport', 'wrGROUPsales', 'cidFinance']
const models = ['gemini-3.8-flash', 'gemini-3.8-pro']

/** Office hours are busy, nights and weekends are not. */
function load(time) {
  const date = new Date(time)
  const day = [0, 6].includes(date.getDay()) ? 0.2 : 1
  return Math.round(day * 14 * Math.max(0.05, Math.sin((date.getHours() - 6) / 14 * Math.PI)) + date.getDate() % 3)
}

function countsOf(questions, index) {
  const failed = index % 7 === 0 ? 1 : 0
  const refused = index % 11 === 0 ? 1 : 0
  const answered = Math.max(0, questions - failed - refused)
  return {
    answered, interrupted: 0, failed, stopped: index % 13 === 0 ? 1 : 0, refused,
    promptTokens: answered * 620, answerTokens: answered * 240,
    firstTexts: answered, firstTextMs: answered * (700 + index % 5 * 130),
    timed: answered, totalMs: answered * (3200 + index % 9 * 400),
  }
}

function* rows(now) {
  let id = 0
  let index = 0
  const row = (dimension, span, period, platform, name, counts) => {
    const nameKey = createHash('sha256').update(name).digest('hex')
    return { key: `seed-${id++}`, dimension, span, period, platform, name, nameKey, ...counts }
  }
  for (let time = now - 365 * 24 * HOUR_MS; time <= now; time += HOUR_MS) {
    // Of most of the year, some hours are enough.
    if (time < now - 31 * 24 * HOUR_MS && new Date(time).getHours() % 6) continue
    // Counted after the hours that are left out, so that who asks on which platform does not depend on the hour of now.
    index++
    const period = periodOf(time)
    const counts = countsOf(load(time), index)
    const platform = index % 3 ? 'wecom-bot' : 'dingtalk'
    const model = models[index % 4 === 0 ? 1 : 0]
    for (const [span, length, hours] of [['hour', 13, 31 * 24], ['day', 10, 366 * 24]]) {
      if (time < now - hours * HOUR_MS) continue
      const start = period.slice(0, length)
      yield row('model', span, start, platform, model, counts)
      if (counts.failed) yield row('reason', span, start, platform, 'failed:server', { ...counts, answered: 0, refused: 0 })
      if (counts.refused) yield row('reason', span, start, platform, 'refused:limits.user-rate', { ...counts, answered: 0, failed: 0 })
    }
    const isLongAgo = time < now - 32 * 24 * HOUR_MS
    const isHostile = isLongAgo && Math.floor(index / 6) % 8 === 0
    const person = isHostile ? hostile : people[(index * 5 + (index >> 3)) % people.length]
    const group = groups[index % 5 % groups.length]
    for (const [span, length, hours] of [['hour', 13, 30], ['day', 10, 31 * 24], ['month', 7, 365 * 24]]) {
      if (time < now - hours * HOUR_MS) continue
      yield row('user', span, period.slice(0, length), platform, `${platform}:${person}`, counts)
      yield row('channel', span, period.slice(0, length), platform, `${platform}:${group}`, counts)
    }
  }
}

exports.apply = (ctx) => {
  const now = Date.now()
  const usage = { calls: { used: 4630, limit: 5000 }, messages: { used: 2450, limit: 3000 } }
  ctx.on('assistant-status/now', parts => void parts.push({
    source: 'dingtalk-app', id: 'dingabc', month: periodOf(now).slice(0, 7), ...usage,
  }, {
    source: 'mcp-servers',
    servers: [
      { name: 'orders', status: 'connected', tools: 12 },
      { name: 'knowledge-base', status: 'failed', reason: 'connect ECONNREFUSED 127.0.0.1:8931' },
    ],
  }))
  ctx.server.get('/seed-dingtalk/:calls/:messages/:limit', (koa) => {
    const { calls, messages, limit } = koa.params
    usage.calls = { used: Number(calls), limit: Number(limit) && 5000 }
    usage.messages = { used: Number(messages), limit: Number(limit) && 3000 }
    koa.body = 'set'
  })
  ctx.server.get('/seed', async (koa) => {
    const all = [...rows(now)]
    for (let start = 0; start < all.length; start += 50) {
      await ctx.database.upsert('assistant_activity', all.slice(start, start + 50), 'key')
    }
    const ratings = Array.from({ length: 40 }, (_, index) => {
      const time = now - index * 9 * HOUR_MS
      return {
        key: `seed-${index}`, day: periodOf(time).slice(0, 10), time: new Date(time), platform: index % 3 ? 'wecom-bot' : 'dingtalk',
        isGood: index % 4 !== 1, reasons: index % 4 === 1 ? '1,3' : '', comment: '',
        question: index % 4 === 1 ? '<img src=x onerror=alert(1)> 报销单怎么填？' : '上周的会议纪要帮我整理一下',
      }
    })
    await ctx.database.upsert('assistant_rating', ratings, 'key')
    koa.body = String(all.length)
  })
}

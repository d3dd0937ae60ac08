import { h, Schema } from 'koishi'
import type { Context } from 'koishi'
import type {} from 'koishi-plugin-gemini-chat'

export const name = 'meeting-room'
export const inject = ['assistant']

const HOURS = ['09:00', '10:00', '11:00'] as const

export function apply(ctx: Context) {
  ctx.i18n.define('zh-CN', { 'meeting-room.failed': '没有写出邀请，请稍后再试。' })
  ctx.i18n.define('en-US', { 'meeting-room.failed': 'The invitation could not be written. Please try again later.' })
  const booked = new Map<string, string>()

  ctx.assistant.tool({
    name: 'free_hours',
    title: { zh: '会议室', en: 'meeting room' },
    description: { zh: '查询会议室今天有哪些时间空着。', en: 'Lists the hours at which the meeting room is free today.' },
    run: () => HOURS.filter(hour => !booked.has(hour)),
  })

  ctx.assistant.tool({
    name: 'book_room',
    title: { zh: '预订会议室', en: 'book the meeting room' },
    description: { zh: '预订会议室的一个小时。', en: 'Books the meeting room for an hour.' },
    parameters: Schema.object({ hour: Schema.union(HOURS).required() }),
    confirm: true,
    run({ hour }: { hour: string }, { session }) {
      if (booked.has(hour)) throw new Error(`${hour} is taken`)
      booked.set(hour, session.userId!)
      return `${hour} is booked`
    },
  })

  ctx.command('invite <topic:text>').action(async ({ session }, topic) => {
    if (!topic) return session!.execute('help invite')
    try {
      const system = 'Write an invitation to a meeting, in three sentences and in the language of the topic.'
      const { text, error } = await ctx.assistant.ask(topic, { session, system, tools: false })
      return error ? session!.text('meeting-room.failed') : h.text(text)
    } catch (error) {
      // A limit of the person refuses the question, and the message says which one.
      return h.text((error as Error).message)
    }
  })
}

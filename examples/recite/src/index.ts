import { h } from 'koishi'
import type { Bot, Context } from 'koishi'

export const name = 'recite'

const LINES = ['**静夜思**\n\n', '床前明月光，', '疑是地上霜。', '举头望明月，', '低头思故乡。']

/** Stands for a source of text that takes its time. */
async function* poem(ctx: Context) {
  for (const line of LINES) {
    yield line
    await ctx.sleep(500)
  }
}

/** What adapters say about their messages, where they do. */
type Streaming = Partial<Pick<Bot, 'editMessage'>> & { editInterval?: number, markdown?: boolean }

export function apply(ctx: Context) {
  ctx.command('recite').action(async ({ session }) => {
    const { bot, channelId, event } = session!
    const { editInterval = 1000, markdown } = bot as Streaming
    const show = (text: string) => markdown ? h('markdown', h.text(text)) : h.text(text)
    let text = ''
    let id: string | undefined
    let next = 0
    for await (const line of poem(ctx)) {
      text += line
      if (!(bot as Streaming).editMessage || Date.now() < next) continue
      next = Date.now() + editInterval
      if (id) await bot.editMessage(channelId!, id, show(text))
      else [id] = await bot.sendMessage(channelId!, show(text), event.referrer, { session })
    }
    if (!id) return show(text)
    await bot.editMessage(channelId!, id, show(text))
  })
}

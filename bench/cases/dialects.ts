import assert from 'node:assert/strict'
import { DialectWriter } from 'common/dialect'
import type { Report } from '../harness'
import { Connection, Load, ServerProcess } from '../harness'
import { encodeRequest, pollMessage, replyStream, textMessage } from '../harness/wecom'
import { cardDialect, streamDialect } from '../servers/dialects'

const CHUNK_CHARACTERS = 5

/** What one section of an answer has in it. */
const SECTION = [
  '## 二、报销流程\n',
  '**注意：**请在每月 10~25 日提交，金额 3~5 万元的须由**部门负责人（含代理）**签字，详见 https://oa.example.com/doc，逾期不候。\n',
  '1. 登录系统，点击**「新建」**按钮\n  - 填写[申请表](https://oa.example.com/申请 表.pdf)\n  - 上传 `发票.pdf`\n2. 等待审批',
  '| 项目 | 标准 |\n| --- | --- |\n| 交通 | 高铁<br>二等座 |\n| 住宿 | 300~500 元 |\n',
  '```js\nconst total = items.reduce((sum, { price }) => sum + price, 0)\n```\n',
].join('\n')

/** What bringing Markdown into a platform's dialect costs while an answer grows. */
export async function dialects(report: Report) {
  for (const [name, dialect] of Object.entries({ WeCom: streamDialect, 'DingTalk card': cardDialect })) {
    for (const size of [5000, 20_000]) {
      const ms = Math.min(...Array.from({ length: 5 }, () => msPerEdit(new DialectWriter(dialect), size)))
      report.atMost(`${name}, ms per edit of ${size} characters`, ms, 0.2)
      if (name === 'WeCom' && size === 5000) report.atMost('share of a poll, %', 100 * ms / await msPerPoll(), 5)
    }
  }
}

/** CPU time of one edit, on average while the answer grows to `size` characters. */
function msPerEdit(writer: DialectWriter, size: number): number {
  const text = SECTION.repeat(Math.ceil(size / SECTION.length)).slice(0, size)
  const start = process.cpuUsage()
  for (let length = CHUNK_CHARACTERS; length <= size; length += CHUNK_CHARACTERS) writer.write(text.slice(0, length))
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000 / (size / CHUNK_CHARACTERS)
}

/** Time of a poll of a busy instance. */
async function msPerPoll(): Promise<number> {
  const server = await ServerProcess.start('instance', { answer: 'hold', wecom: { firstReply: 0 } })
  const connection = await Connection.open(server.port)
  const payload = textMessage('hello')
  const { id } = replyStream((await connection.request(encodeRequest(payload))).body)
  connection.close()
  const load = await Load.open(server.port, 16)
  const request = encodeRequest(pollMessage(id, payload))
  const { rate } = await load.run(3000, () => request, ({ status }) => assert.equal(status, 200))
  load.close()
  await server.call('release')
  await server.stop()
  return 1000 / rate
}

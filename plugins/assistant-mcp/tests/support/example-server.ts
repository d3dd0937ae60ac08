import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'

/** A server over standard input and output with tools that answer, fail, hang and end the process. */
const server = new McpServer({ name: 'example', version: '1.0.0' })
const text = (text: string) => ({ content: [{ type: 'text' as const, text }] })

server.registerTool('greet', { description: 'Greets', annotations: { readOnlyHint: true } }, () => text(`hello ${process.env.GREETED}`))
server.registerTool('write', { description: 'Writes' }, () => text('written'))
server.registerTool('fail', { annotations: { readOnlyHint: true } }, () => ({ ...text(`no, ${process.env.GREETED}`), isError: true }))
server.registerTool('hang', { annotations: { readOnlyHint: true } }, () => new Promise(() => {}))
server.registerTool('die', { annotations: { readOnlyHint: true } }, () => process.exit(1))

if (process.env.FLOOD) {
  server.registerTool('flood', { annotations: { readOnlyHint: true } }, () => text('x'.repeat(Number(process.env.FLOOD))))
}

void server.connect(new StdioServerTransport())

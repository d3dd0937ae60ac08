/**
 * The rooms (folders of `src`) of each plugin and of `packages/common`, from the first that a message reaches to the
 * last. A room imports only rooms listed after it. Lint enforces this order, and docs/architecture.md follows it.
 */
export const rooms = {
  'plugins/adapter-wecom-bot': [
    'callback', 'long-connection', 'inbound', 'push', 'turn', 'websocket', 'api', 'render', 'instances', 'storage', 'cards', 'media', 'protocol',
    'util',
  ],
  'plugins/dingtalk-companion': [
    'stream', 'inbound', 'bot', 'turn', 'delivery', 'commands', 'render', 'storage', 'api', 'instances',
  ],
  'plugins/gemini-chat': [
    'commands', 'doctor', 'assistant', 'chat', 'tool-calls', 'answer', 'usage', 'model', 'tools', 'conversation', 'instances',
    'delivery', 'media', 'messages', 'engine', 'util',
  ],
  'plugins/shared-state': ['service', 'redis', 'memory', 'backend'],
  'plugins/assistant-status': ['console', 'report', 'recording', 'storage'],
  'packages/common': [
    'settings', 'database', 'shared-state', 'proxy', 'net', 'async', 'collections', 'testing', 'files', 'dialect', 'markdown',
    'streaming', 'errors', 'time',
  ],
}

export { streamDialect } from '../../plugins/adapter-wecom-bot/src/render/dialect'
export { cardDialect } from '../../plugins/dingtalk-companion/src/render/dialect'

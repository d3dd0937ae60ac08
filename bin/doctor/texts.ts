import type { Text } from '../instance/bilingual'

/** Texts about the instance and its platforms, by the paths that findings have. The others belong to gemini-chat. */
export const texts: Record<string, Text> = {
  'doctor.instance': {
    zh: '实例：正在运行，{address} 有回应',
    en: 'Instance: running, {address} answers',
  },
  'doctor.no-instance': {
    zh: '实例：没有在运行，{address} 没有回应',
    en: 'Instance: not running, {address} does not answer',
  },
  'doctor.hints.no-instance': {
    zh: '用 npm start 启动它。',
    en: 'Start it with npm start.',
  },
  'doctor.file': {
    zh: '数据库文件：{file} 可以读写',
    en: 'Database file: {file} can be read and written',
  },
  'doctor.file-failed': {
    zh: '数据库文件：{file} 不能读写，{reason}',
    en: 'Database file: {file} cannot be read or written, {reason}',
  },
  'doctor.no-file': {
    zh: '数据库文件：{file} 还没有，第一次启动时会建立',
    en: 'Database file: {file} does not exist yet, it is created at the first start',
  },
  'doctor.platform-on': {
    zh: '平台 {name}：已经配置',
    en: 'Platform {name}: configured',
  },
  'doctor.platform-off': {
    zh: '平台 {name}：没有配置',
    en: 'Platform {name}: not configured',
  },
  'doctor.callback': {
    zh: '企业微信回调：{address} 正常',
    en: 'WeCom callback: {address} works',
  },
  'doctor.callback-failed': {
    zh: '企业微信回调：{address} 回应 {status}',
    en: 'WeCom callback: {address} answers {status}',
  },
  'doctor.hints.callback': {
    zh: '检查 WECOM_BOT_TOKEN、WECOM_BOT_ENCODING_AES_KEY 和 WECOM_BOT_PATH。',
    en: 'Check WECOM_BOT_TOKEN, WECOM_BOT_ENCODING_AES_KEY and WECOM_BOT_PATH.',
  },
}

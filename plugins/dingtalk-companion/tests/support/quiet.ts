import { Logger } from 'koishi'

// Specs read the warnings themselves; sqlite reports each table it creates.
Object.assign(Logger.levels, { 'dingtalk-companion': Logger.SILENT, sqlite: Logger.ERROR })

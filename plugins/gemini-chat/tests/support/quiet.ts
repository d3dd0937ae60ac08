import { Logger } from 'koishi'

// What the plugin says goes to those who test it, and what sqlite says about its tables to nobody.
Object.assign(Logger.levels, { 'gemini-chat': Logger.SILENT, sqlite: Logger.ERROR })

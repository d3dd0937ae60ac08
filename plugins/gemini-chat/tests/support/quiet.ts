import { Logger } from 'koishi'

// Specs read the plugin's log themselves, and the log of sqlite is not interesting.
Object.assign(Logger.levels, { 'gemini-chat': Logger.SILENT, sqlite: Logger.ERROR })

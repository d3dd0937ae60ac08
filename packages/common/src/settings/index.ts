export { GROUP_ROLE, group } from './group'
export type { Condition, GroupOptions } from './group'
export { SettingsNote } from './note'
export type { NoteTexts, NoteType } from './note'

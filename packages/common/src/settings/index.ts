export { GROUP_ROLE, group } from './group'
export type { FieldCondition, GroupOptions } from './group'
export { SettingsNote } from './note'
export type { NoteTexts, NoteType } from './note'

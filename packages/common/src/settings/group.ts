import { Schema } from 'koishi'
import type { Dict } from 'koishi'

/** When the settings page shows a group. What is saved for a hidden group stays, and stays valid. */
export type FieldCondition =
  | { setting: string, is: unknown }
  | { setting: string, isNot: unknown }
  | { setting: string, isSet: true }

export interface GroupOptions {
  /** Shows only the title until it is clicked. */
  collapsed?: boolean
  shownIf?: FieldCondition
}

/** The role by which the console recognises such a group, see `packages/settings-form`. Another console ignores it. */
export const GROUP_ROLE = 'settings-group'

/** A named group of settings. Its name is `$desc` in `locales/`. */
export function group<D extends Dict<Schema>>(dict: D, { collapsed, shownIf }: GroupOptions = {}) {
  return Schema.object(dict).role(GROUP_ROLE, { collapsed: !!collapsed, shownIf })
}

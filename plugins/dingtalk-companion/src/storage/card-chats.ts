import { LruMap } from 'common/collections'

const MAX_CARDS = 1000

export interface CardChat {
  /** Koishi's channel. */
  id: string
  isDirect: boolean
  guildId?: string
}

/** In which chats the newest cards are: the callback for a click does not tell it for direct chats. */
export class CardChats extends LruMap<string, CardChat> {
  constructor() {
    super({ capacity: MAX_CARDS })
  }
}

import { accessTokens } from './access-tokens'
import { steppedClock } from './clock'
import { databaseDisposed, databaseFailing, databaseLocked, databaseReadOnly } from './database'
import { fullDisk } from './disk'
import { geminiDown, geminiLimited, geminiSlow } from './gemini'
import type { EventKind } from './kind'
import { month } from './month'
import { ordinaryQuestions } from './ordinary'
import { throwingListener, throwingMiddleware, throwingTimer } from './other-plugin'
import { killed, terminated } from './restarts'
import { changedSettings, reloadedPlugins } from './settings'
import { disconnectFrames, networkLoss, refusingGateway, silentHandshakes } from './stream'
import { lateAcknowledgements, refusedSubscriptions, takenBot, websocketDrops } from './websocket'

export { start } from './start'

/** Events that the worker outlives. */
export const lasting: EventKind[] = [
  ordinaryQuestions, accessTokens, disconnectFrames, refusingGateway, silentHandshakes, networkLoss,
  websocketDrops, lateAcknowledgements, refusedSubscriptions, takenBot,
  geminiDown, geminiSlow, geminiLimited,
  databaseDisposed, databaseFailing, databaseLocked, databaseReadOnly, fullDisk,
  steppedClock, throwingMiddleware, throwingListener, changedSettings, reloadedPlugins, month,
]

/** Events that end the worker. */
export const downtime: EventKind[] = [throwingTimer, terminated, killed]

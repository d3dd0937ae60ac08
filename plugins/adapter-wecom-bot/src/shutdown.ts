import type { BotServices } from './services'

/** Time for the last frames of bubbles, which are closed when the grace is over. */
const LAST_FRAMES_MS = 1000

/**
 * Finishes what a bot has in progress before the process exits: no new answers, then answers, then messages in queues.
 * Webhook messages that cannot be sent in time are stored for the next start.
 * @param grace milliseconds for answers and queues together
 */
export async function shutDown(services: BotServices, grace: number) {
  const { admission, turns, longConnection, webhooks, app, deferred, stores, clock } = services
  const deadline = clock.monotonic() + grace
  admission.close()
  await turns.drain(grace)
  await longConnection?.whenIdle(Math.max(deadline - clock.monotonic(), LAST_FRAMES_MS))
  await longConnection?.stop()
  await webhooks.whenIdle(deadline - clock.monotonic())
  await app?.whenIdle(deadline - clock.monotonic())
  await deferred.save()
  await stores.dispose()
}

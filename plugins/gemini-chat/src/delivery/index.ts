import { EditDelivery } from './edit-delivery'
import { MessageDelivery } from './message-delivery'
import type { Delivery, DeliveryOptions, EditableTarget, Target } from './types'

export { targetOf } from './target'
export type { TargetOptions } from './target'
export type { Delivery, DeliveryOptions, Target } from './types'

/** Creates and edits a message where the target can, and sends one whole message where it cannot. */
export function createDelivery(target: Target, options: DeliveryOptions): Delivery {
  return options.streaming && canEdit(target) ? new EditDelivery(target, options) : new MessageDelivery(target, options)
}

function canEdit(target: Target): target is EditableTarget {
  return !!target.edit
}

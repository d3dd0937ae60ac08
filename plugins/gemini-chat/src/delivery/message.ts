import type { Delivery, DeliveryOptions, Target } from './delivery'
import { persist } from './persist'

/** One message, when the answer is complete: for platforms that cannot change what they have sent. */
export class MessageDelivery implements Delivery {
  constructor(private readonly target: Target, private readonly options: DeliveryOptions) {}

  update() {}

  async finish(text: string) {
    await persist(() => this.target.create(this.target.render(text)), this.options)
  }
}

import { pages, pageText } from 'common/markdown'
import { retryDelivery } from './retry-delivery'
import type { Delivery, DeliveryOptions, Target } from './types'

/** Sends the complete answer, in as many messages as it takes: for platforms that cannot edit. */
export class MessageDelivery implements Delivery {
  constructor(private readonly target: Target, private readonly options: DeliveryOptions) {}

  update() {}

  async finish(text: string) {
    for (const page of pages(text, this.target.limit ?? 0)) {
      const controls = page.end < text.length ? [] : this.target.controls?.(true) ?? []
      const elements = [...this.target.render(pageText(text, page)), ...controls]
      await retryDelivery(() => this.target.create(elements), this.options)
    }
  }
}

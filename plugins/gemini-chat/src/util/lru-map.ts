/** A map of the entries that were set last. */
export class Recent<K, V> extends Map<K, V> {
  /** @param capacity how many entries are kept */
  constructor(private readonly capacity: number) {
    super()
  }

  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.capacity) this.delete(this.keys().next().value!)
    return this
  }
}

/**
 * The newest entries of a map, bounded. Two generations instead of a linked list: what is used while the younger one
 * fills is carried over, the rest is forgotten with the older one. A hit costs one look-up.
 */
export class RecentlyUsed<Value> {
  readonly #capacity: number
  #younger = new Map<string, Value>()
  #older = new Map<string, Value>()

  /** Between `capacity` and twice as many are remembered. */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string): Value | undefined {
    const young = this.#younger.get(key)
    if (young !== undefined) return young
    const old = this.#older.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: Value): void {
    this.#younger.set(key, value)
    if (this.#younger.size < this.#capacity) return
    this.#older = this.#younger
    this.#younger = new Map()
  }

  /** Some of them may come twice. */
  *values(): Generator<Value> {
    yield* this.#younger.values()
    yield* this.#older.values()
  }

  clear(): void {
    this.#younger = new Map()
    this.#older = new Map()
  }
}

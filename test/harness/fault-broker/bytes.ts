/** Reading and writing Kafka's protocol primitives (Kafka protocol guide, "Protocol Primitive Types"): big-endian. */

export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  /** Offsets, times and producer ids of a test are far below 2^53. */
  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#take(8)))
  }

  string(): string | undefined {
    const length = this.int16()
    return length < 0 ? undefined : this.take(length).toString('utf8')
  }

  text(): string {
    return this.string() ?? ''
  }

  bytes(): Buffer | undefined {
    const length = this.int32()
    return length < 0 ? undefined : this.take(length)
  }

  /** Absent and empty are the same to us. */
  list<Item>(item: (reader: Reader) => Item): Item[] {
    const length = this.int32()
    return Array.from({ length: Math.max(length, 0) }, () => item(this))
  }

  /** Zigzag varint of at most 53 bits. */
  varint(): number {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const octet = BigInt(this.#bytes.readUInt8(this.#take(1)))
      value |= (octet & 0x7fn) << shift
      if (octet < 0x80n) return Number((value >> 1n) ^ -(value & 1n))
    }
  }

  varintBytes(): Buffer | undefined {
    const length = this.varint()
    return length < 0 ? undefined : this.take(length)
  }

  take(length: number): Buffer {
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  #take(length: number): number {
    const start = this.#at
    if (start + length > this.#bytes.length) throw new RangeError('a request that ends too early')
    this.#at += length
    return start
  }
}

export class Writer {
  readonly #parts: Buffer[] = []

  int8(value: number): this {
    return this.#number(1, (part) => part.writeInt8(value))
  }

  int16(value: number): this {
    return this.#number(2, (part) => part.writeInt16BE(value))
  }

  int32(value: number): this {
    return this.#number(4, (part) => part.writeInt32BE(value))
  }

  int64(value: number): this {
    return this.#number(8, (part) => part.writeBigInt64BE(BigInt(value)))
  }

  string(value: string | undefined): this {
    if (value === undefined) return this.int16(-1)
    const bytes = Buffer.from(value, 'utf8')
    return this.int16(bytes.length).raw(bytes)
  }

  bytes(value: Buffer): this {
    return this.int32(value.length).raw(value)
  }

  raw(value: Buffer): this {
    this.#parts.push(value)
    return this
  }

  list<Item>(items: readonly Item[], item: (writer: this, one: Item) => void): this {
    this.int32(items.length)
    for (const one of items) item(this, one)
    return this
  }

  done(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #number(size: number, write: (part: Buffer) => void): this {
    const part = Buffer.allocUnsafe(size)
    write(part)
    return this.raw(part)
  }
}

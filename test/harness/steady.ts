/** Time that stands still until it is told to go on, and chance that is the same each time. */
import { hash } from 'node:crypto'
import type { Chance, Clock } from '../../gateway/ports/clock.ts'
import { Instant } from '../../policies/vocabulary.ts'

export class SteadyClock implements Clock {
  #at: Instant

  constructor(at: string) {
    this.#at = Instant.parse(at)
  }

  now(): Instant {
    return this.#at
  }

  advance(milliseconds: number): void {
    this.#at = Instant.ofMilliseconds(this.#at + milliseconds)
  }

  set(at: string): void {
    this.#at = Instant.parse(at)
  }
}

export class SteadyChance implements Chance {
  readonly #seed: string
  #drawn = 0

  constructor(seed = 'chance') {
    this.#seed = seed
  }

  uuid(): string {
    const hex = this.bytes(16).toString('hex')
    return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
  }

  bytes(count: number): Buffer {
    const drawn: Buffer[] = []
    for (let length = 0; length < count; length += 32) {
      drawn.push(hash('sha256', `${this.#seed} ${(this.#drawn += 1)}`, 'buffer'))
    }
    return Buffer.concat(drawn).subarray(0, count)
  }
}

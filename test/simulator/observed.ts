/**
 * What the outside world saw of the gateways: what it must find again, whatever happened meanwhile. Every contradiction is a
 * `Broken` with the number of its invariant (log-formats: L1 to L15).
 */
import type { Entry, Recorded } from '../../gateway/ledger/entry.ts'
import { digestOf } from '../../gateway/ledger/hash.ts'
import { leafText } from '../../gateway/ledger/leaf.ts'

export class Broken extends Error {
  override readonly name = 'Broken'
  readonly invariant: string
  constructor(invariant: string, sentence: string) {
    super(`${invariant}: ${sentence}`)
    this.invariant = invariant
  }
}

export interface Acknowledged {
  readonly origin: string
  readonly index: number
  readonly leaf: string
  readonly record: string
}

export class Observed {
  readonly acknowledged: Acknowledged[] = []
  /** Heads that a chain said were durable: root by size, by origin. */
  readonly heads = new Map<string, Map<number, string>>()
  readonly #submitted = new Map<string, number>()
  readonly #signed = new Map<string, Map<number, string>>()
  /** The first contradiction; the simulation ends there. */
  broken: Error | undefined

  fail(fault: Error): void {
    this.broken ??= fault
  }

  submitted({ record }: Entry): void {
    this.#submitted.set(record, (this.#submitted.get(record) ?? 0) + 1)
  }

  wasSubmitted(record: string): boolean {
    return this.#submitted.has(record)
  }

  recorded(origin: string, { record }: Entry, { index, leaf }: Recorded): void {
    this.acknowledged.push({ origin, index, leaf, record })
  }

  /** The registrar's answer: its index, and nothing else. */
  handedIn(origin: string, index: number, { kind, record }: Entry): void {
    const leaf = leafText(kind, digestOf(record), undefined)
    this.acknowledged.push({ origin, index, leaf, record })
  }

  head(origin: string, size: number, root: string): void {
    const known = this.heads.get(origin) ?? new Map<number, string>()
    const before = known.get(size)
    if (before !== undefined && before !== root) {
      this.fail(new Broken('L6', `${origin} had two roots of ${size} leaves`))
    }
    this.heads.set(origin, known.set(size, root))
  }

  /** Every checkpoint that a key signs, whether or not anybody ever sees it. */
  signed(bytes: Uint8Array): void {
    const [origin = '', size, root = ''] = Buffer.from(bytes).toString().split('\n')
    const known = this.#signed.get(origin) ?? new Map<number, string>()
    const before = known.get(Number(size))
    if (before !== undefined && before !== root) {
      this.fail(new Broken('L6', `two checkpoints of ${size} leaves of ${origin} were signed`))
    }
    this.#signed.set(origin, known.set(Number(size), root))
  }
}

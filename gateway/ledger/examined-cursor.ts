/** What was examined of a chunk, part by part, as the check of a chain comes to it. */
import type { Examined, InPart } from './examine.ts'
import type { FindingKind } from './finding.ts'

export interface Told {
  readonly index: number
  readonly kind: FindingKind
  readonly sentence: string
  readonly ends: boolean
}

/** How far the parts of a chunk were taken: everything in `Examined` stands in their order. */
export class Cursor {
  readonly examined: Examined
  /** Position of the next leaf. */
  leaf = 0
  #checkpoint = 0
  readonly #seals: ReadonlySet<number>
  readonly #at = { found: 0, visited: 0, pairs: 0 }

  constructor(examined: Examined) {
    this.examined = examined
    this.#seals = new Set(examined.seals)
  }

  isSeal(index: number): boolean {
    return this.#seals.has(index)
  }

  checkpoint(): Examined['checkpoints'][number] {
    this.#checkpoint += 1
    return this.examined.checkpoints[this.#checkpoint - 1] ?? { signature: 'wrong' }
  }

  found(part: number): Told[] {
    return [...this.#of('found', this.examined.found, part)]
  }

  visited(part: number): Examined['visited'] {
    return this.#of('visited', this.examined.visited, part)
  }

  pairs(part: number): Examined['pairs'] {
    return this.#of('pairs', this.examined.pairs, part)
  }

  #of<Item extends InPart>(
    which: 'found' | 'visited' | 'pairs',
    all: readonly Item[],
    part: number,
  ): Item[] {
    const from = this.#at[which]
    let to = from
    while (all[to]?.part === part) to += 1
    this.#at[which] = to
    return from === to ? [] : all.slice(from, to)
  }
}

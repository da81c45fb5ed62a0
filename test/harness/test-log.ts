/** A log of a test: any leaves, any forks of it, signed like a real one. */
import { checkpointWriter } from '../../gateway/ledger/checkpoint.ts'
import { leafHashOf, nodeHash, type TreeHash } from '../../gateway/ledger/hash.ts'
import { vkeyText } from '../../gateway/ledger/note.ts'
import { consistencyProof, rangeRoot } from '../../gateway/ledger/proofs.ts'
import { addCheckpointText } from '../../gateway/witness/add-checkpoint.ts'
import { testSigner } from './memory-ledger.ts'

export class TestLog {
  readonly origin: string
  readonly leaves: string[]
  readonly #signer
  readonly #seed: number

  constructor(origin: string, leaves: readonly string[] = [], seed = 1) {
    this.origin = origin
    this.leaves = [...leaves]
    this.#seed = seed
    this.#signer = testSigner(seed)
  }

  get vkey(): string {
    return vkeyText(this.origin, this.#signer.publicKey)
  }

  grow(count: number): this {
    for (let at = 0; at < count; at += 1) this.leaves.push(`leaf ${this.leaves.length}`)
    return this
  }

  /** The same log with another leaf in one place: what an operator with the key can make. */
  forkedAt(index: number): TestLog {
    return new TestLog(this.origin, this.leaves.with(index, `another leaf ${index}`), this.#seed)
  }

  root(size = this.leaves.length): TreeHash {
    return rangeRoot(this.node, 0, size)
  }

  note(size = this.leaves.length): string {
    return checkpointWriter(this.origin, this.#signer)(size, this.root(size))
  }

  /** Body of `add-checkpoint`. */
  request(old: number, size = this.leaves.length): string {
    return addCheckpointText(old, consistencyProof(this.node, old, size), this.note(size))
  }

  node = (level: number, position: number): TreeHash => {
    if (level === 0) return leafHashOf(this.leaves[position] ?? '')
    return nodeHash(this.node(level - 1, 2 * position), this.node(level - 1, 2 * position + 1))
  }
}

/**
 * Where a department brings a receipt that no published checkpoint covers: what its operator signed and has not shown to
 * anybody else. It is kept until somebody, whoever it is, shows the same leaf under a checkpoint that this witness has cosigned.
 *
 *     open       nothing that was cosigned reaches as far
 *     overdue    checkpoints beyond it were cosigned, and nobody has shown the leaf in them: hidden, or dropped
 *     settled    the leaf was shown in one of them
 */
import { hash } from 'node:crypto'
import { checkReceipt } from '../ledger/check-receipt.ts'
import { canonicalLeaf } from '../ledger/leaf.ts'
import { leafHashOf } from '../ledger/hash.ts'
import type { KeptComplaint } from '../ports/witness-memory.ts'
import { bareProof } from './bare-proof.ts'
import { isCosigned } from './genesis-desk.ts'
import { checkpointIn, keepContradiction } from './parts.ts'
import type { WitnessParts } from './parts.ts'

export type ComplaintState = 'open' | 'overdue' | 'settled'

export interface ComplaintView {
  readonly number: number
  readonly state: ComplaintState
  readonly chain: string
  readonly index: number
  /** POSIX milliseconds. */
  readonly at: number
}

export type ComplaintAnswer =
  | { readonly kind: 'kept'; readonly complaint: ComplaintView }
  /** The receipt's own checkpoint was cosigned here: nothing to complain of. Complaints about its leaf are settled by it. */
  | { readonly kind: 'covered'; readonly settled: readonly number[] }
  /** No receipt by a pinned key; or there is no room for more of its chain. */
  | { readonly kind: 'malformed' | 'full' }

/** Open complaints about one chain: each is a leaf that its key has signed, but one of them says it all. */
const MOST_OPEN = 1000
/** In one answer, which whoever asks keeps in memory. */
const MOST_SHOWN = 200

interface Shown extends Pick<KeptComplaint, 'chain' | 'index' | 'leaf' | 'proof'> {
  /** Checkpoint that the receipt ends in. */
  readonly note: string
}

export class ComplaintDesk {
  readonly #parts: WitnessParts

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** `receipt`: the value of `Exchange-Receipt`, or a tlog-proof. */
  async add(receipt: string): Promise<ComplaintAnswer> {
    const shown = this.#read(receipt)
    if (shown === undefined) return { kind: 'malformed' }
    return this.#parts.turns.run(shown.chain, async () =>
      (await isCosigned(this.#parts, shown.proof)) ? this.#settle(shown) : this.#keep(shown),
    )
  }

  async view(number: number): Promise<ComplaintView | undefined> {
    const complaint = this.#parts.memory.complaints[number - 1]
    return complaint && this.#view(complaint, number)
  }

  /**
   * Those that nobody has answered yet, oldest first. `originHash`: only of the chain whose name has this SHA-256, for its operator, whom
   * what others leave unanswered must not hold up.
   */
  async unanswered(originHash?: string): Promise<readonly ComplaintView[]> {
    const open: [KeptComplaint, number][] = []
    for (const [at, complaint] of this.#parts.memory.complaints.entries()) {
      if (complaint.settled !== undefined) continue
      if (originHash !== undefined && hash('sha256', complaint.chain) !== originHash) continue
      if (open.push([complaint, at + 1]) === MOST_SHOWN) break
    }
    return Promise.all(open.map(([complaint, number]) => this.#view(complaint, number)))
  }

  #read(receipt: string): Shown | undefined {
    const found = checkReceipt(receipt, { keys: this.#parts.keys })
    if (found.kind === 'bad') return undefined
    const { proof, note } = bareProof(receipt, this.#parts.keys)
    const leaf = Buffer.from(leafHashOf(canonicalLeaf(found.leaf)), 'latin1').toString('base64url')
    return { chain: found.origin, index: found.index, leaf, proof, note }
  }

  /** The leaf stands in what everybody was shown: complaints about it are over, about another leaf in its place proven. */
  async #settle({ chain, index, leaf, proof }: Shown): Promise<ComplaintAnswer> {
    const { clock, memory } = this.#parts
    const settled: number[] = []
    for (const [at, complaint] of memory.complaints.entries()) {
      if (complaint.chain !== chain || complaint.index !== index) continue
      if (complaint.leaf !== leaf) {
        const pair = { chain, at: index, first: proof, second: complaint.proof }
        const between = [leaf, complaint.leaf] as const
        await keepContradiction(this.#parts, { ...pair, kind: 'two-leaves', between })
      } else if (complaint.settled === undefined) {
        await memory.settleComplaint(at + 1, { at: clock.now(), proof })
        settled.push(at + 1)
      }
    }
    return { kind: 'covered', settled }
  }

  async #keep(shown: Shown): Promise<ComplaintAnswer> {
    const { clock, memory } = this.#parts
    const { chain, index, leaf, proof } = shown
    await this.#compare(shown)
    const about = memory.complaints.filter((complaint) => complaint.chain === chain)
    const known = about.find((complaint) => complaint.index === index && complaint.leaf === leaf)
    const open = about.filter(({ settled }) => settled === undefined)
    if (known === undefined && open.length >= MOST_OPEN) return { kind: 'full' }
    const number =
      known === undefined
        ? await memory.fileComplaint({ chain, index, leaf, proof, at: clock.now() })
        : memory.complaints.indexOf(known) + 1
    const complaint = await this.view(number)
    if (complaint === undefined) throw new Error('a complaint that was filed is not there')
    return { kind: 'kept', complaint }
  }

  /** A receipt of a size that was cosigned with another root convicts at once, and so do two leaves in one place. */
  async #compare({ chain, index, leaf, note, proof }: Shown): Promise<void> {
    const { memory } = this.#parts
    const { root, size } = checkpointIn(note)
    const same = await memory.ofSize(chain, size)
    if (same !== undefined && checkpointIn(same).root !== root) {
      const pair = { chain, at: size, first: same, second: note }
      const between = [checkpointIn(same).root, root] as const
      await keepContradiction(this.#parts, { ...pair, kind: 'fork', between })
    }
    const rival = memory.complaints.find(
      (each) => each.chain === chain && each.index === index && each.leaf !== leaf,
    )
    if (rival === undefined) return
    const pair = { chain, at: index, first: rival.settled?.proof ?? rival.proof, second: proof }
    const between = [rival.leaf, leaf] as const
    await keepContradiction(this.#parts, { ...pair, kind: 'two-leaves', between })
  }

  async #view(
    { at, chain, index, settled }: KeptComplaint,
    number: number,
  ): Promise<ComplaintView> {
    const newest = await this.#parts.memory.newest(chain)
    const isReached = newest !== undefined && checkpointIn(newest).size > index
    const state = settled === undefined ? (isReached ? 'overdue' : 'open') : 'settled'
    return { number, state, chain, index, at }
  }
}

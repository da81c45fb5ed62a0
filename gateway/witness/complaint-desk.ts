/**
 * Where a department brings a receipt that no published checkpoint covers: what its operator signed and has not shown to
 * anybody else. It is kept until somebody, whoever it is, shows the same leaf under a checkpoint that this witness has cosigned.
 *
 *     open       nothing that was cosigned reaches as far
 *     overdue    checkpoints beyond it were cosigned, and nobody has shown the leaf in them: hidden, or dropped
 *     settled    the leaf was shown in one of them
 */
import { checkReceipt } from '../ledger/check-receipt.ts'
import { canonicalLeaf } from '../ledger/leaf.ts'
import { leafHashOf } from '../ledger/hash.ts'
import { parseCheckpoint, parseNote } from '../ledger/note.ts'
import { parseProof, proofText } from '../ledger/tlog-proof.ts'
import type { KeptComplaint } from '../ports/witness-memory.ts'
import { isCosigned } from './genesis-desk.ts'
import { OneAtATime, checkpointIn, keepContradiction } from './parts.ts'
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

interface Shown extends Pick<KeptComplaint, 'chain' | 'index' | 'leaf' | 'proof'> {
  /** Checkpoint that the receipt ends in. */
  readonly note: string
}

export class ComplaintDesk {
  readonly #parts: WitnessParts
  readonly #turns = new OneAtATime()

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** `receipt`: the value of `Exchange-Receipt`, or a tlog-proof. */
  async add(receipt: string): Promise<ComplaintAnswer> {
    const shown = this.#read(receipt)
    if (shown === undefined) return { kind: 'malformed' }
    return this.#turns.run(shown.chain, async () =>
      (await isCosigned(this.#parts, shown.proof)) ? this.#settle(shown) : this.#keep(shown),
    )
  }

  async view(number: number): Promise<ComplaintView | undefined> {
    const complaint = this.#parts.memory.complaints[number - 1]
    return complaint && this.#view(complaint, number)
  }

  /** Those that nobody has answered yet, for whoever can: oldest first. */
  async unanswered(): Promise<readonly ComplaintView[]> {
    const open = this.#parts.memory.complaints.flatMap((complaint, at) =>
      complaint.settled === undefined ? [this.#view(complaint, at + 1)] : [],
    )
    return Promise.all(open.slice(0, MOST_OPEN))
  }

  #read(receipt: string): Shown | undefined {
    const found = checkReceipt(receipt, { keys: this.#parts.keys })
    if (found.kind === 'bad') return undefined
    const { proof, note } = withoutExtra(receipt)
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
        await keepContradiction(this.#parts, { ...pair, kind: 'two-leaves' })
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
      await keepContradiction(this.#parts, { ...pair, kind: 'fork' })
    }
    const rival = memory.complaints.find(
      (each) => each.chain === chain && each.index === index && each.leaf !== leaf,
    )
    if (rival === undefined) return
    const pair = { chain, at: index, first: rival.settled?.proof ?? rival.proof, second: proof }
    await keepContradiction(this.#parts, { ...pair, kind: 'two-leaves' })
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

/** The proof of a receipt that was checked before, with nothing of what it shows. */
function withoutExtra(receipt: string): { readonly proof: string; readonly note: string } {
  const plain = parseProof(receipt) === undefined ? fromBase64(receipt) : receipt
  const parsed = parseProof(plain)
  if (parsed === undefined || parseCheckpoint(parseNote(parsed.note)?.text ?? '') === undefined) {
    throw new Error('a receipt that was checked can not be read')
  }
  const { index, note, path } = parsed
  const lines = path.map((each) => `${Buffer.from(each, 'latin1').toString('base64')}\n`).join('')
  return { proof: proofText({ index, lines, note }), note }
}

function fromBase64(receipt: string): string {
  return Buffer.from(receipt.trim(), 'base64').toString('utf8')
}

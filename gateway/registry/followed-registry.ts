/**
 * A registry that another process writes, followed commit by commit into a journal of this process: every leaf, root and signature is
 * checked before it is believed, and what is kept verifies like the original.
 *
 * INVARIANT: what was once followed is never replaced. A registrar that shows another history is refused, and named.
 */
import type { DurableLeaves } from '../ledger/chain.ts'
import { LedgerFault } from '../ledger/chain.ts'
import type { Chain, Entry, Head, Recorded } from '../ledger/entry.ts'
import { checkpointText } from '../ledger/checkpoint.ts'
import { LONGEST_NOTE, placeOf } from '../ledger/entry-bytes.ts'
import { digestOf, digestOfTreeHash, leafHash } from '../ledger/hash.ts'
import type { TreeHash } from '../ledger/hash.ts'
import { parseLeaf } from '../ledger/leaf.ts'
import type { Leaf } from '../ledger/leaf.ts'
import { parseCheckpoint, parseNote, signersOf, type NoteKey } from '../ledger/note.ts'
import { HEADROOM, type Storage } from '../ledger/storage.ts'
import { Growth, rootOf, type Edge } from '../ledger/tree.ts'
import type { Commit } from '../ports/chain-journal.ts'
import type { LeafReader } from '../ports/leaf-reader.ts'
import { RegistrarUnavailable, type Registrar } from '../ports/registrar.ts'

/** The registrar shows what can't be: changed bytes, another history, a signature that is not its own. */
export class RegistryContradicted extends Error {
  override readonly name = 'RegistryContradicted'
}

export interface FollowedRegistryParts {
  readonly origin: string
  readonly key: NoteKey
  readonly registrar: Registrar
  readonly storage: Storage
  readonly edge: Edge
  readonly reader: LeafReader
  readonly onDurable: (batch: DurableLeaves) => void
  readonly visit: (index: number, leaf: Leaf, record: string) => void
  /** The journal failed: the process must end, and recover by reading. */
  readonly onFatal: (fault: LedgerFault) => void
}

interface Read {
  readonly leaf: Leaf
  readonly record: string
}

export class FollowedRegistry implements Chain {
  readonly origin: string
  readonly #parts: FollowedRegistryParts
  #edge: Edge
  /** Every batch of the exchange chain asks for it. */
  #head: Head | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: FollowedRegistryParts) {
    this.#parts = parts
    this.origin = parts.origin
    this.#edge = parts.edge
  }

  head(): Head {
    this.#head ??= {
      origin: this.origin,
      size: this.#edge.size,
      root: digestOfTreeHash(rootOf(this.#edge)),
    }
    return this.#head
  }

  accepts(): boolean {
    return !this.#closed
  }

  /** Resolves once the leaf is durable here as well. */
  async append(entry: Entry): Promise<Recorded> {
    const { registrar, reader } = this.#parts
    const index = await registrar.append({ kind: entry.kind, record: entry.record })
    await this.follow()
    const kept = await reader.read(index)
    if (kept?.record !== entry.record || parseLeaf(kept.leaf)?.kind !== entry.kind) {
      throw new RegistryContradicted(`leaf ${index} of ${this.origin} is not what was handed in`)
    }
    return { index, leaf: kept.leaf, receipt: (extra) => kept.proof(extra ?? Buffer.from('{}')) }
  }

  /** Takes what is new, to the end. One reading at a time. */
  follow(): Promise<void> {
    const following = this.#last.then(() => this.#toTheEnd())
    this.#last = following.catch(() => undefined)
    return following
  }

  async close(): Promise<void> {
    this.#closed = true
    // Whoever waits for an answer is told at once: a registrar that is silent holds up no stop.
    this.#parts.registrar.close()
    await this.#last
    await this.#parts.storage.close()
  }

  async #toTheEnd(): Promise<void> {
    for (;;) {
      if (this.#closed) throw new RegistrarUnavailable('the registry is closed here')
      const commits = await this.#parts.registrar.commits(this.#edge.size)
      for (const commit of commits) await this.#take(commit)
      if (commits.length === 0) return
    }
  }

  async #take(commit: Commit): Promise<void> {
    const { entries, hashes, note, noteAt } = this.#read(commit)
    const growth = new Growth(this.#edge, hashes)
    this.#check(note, growth)
    await this.#write(commit, noteAt, note, growth)
    this.#edge = growth.edge
    this.#head = undefined
    const { first } = growth
    this.#parts.onDurable({ first, hashes, note, bytes: commit.payload.length })
    for (const [at, { leaf, record }] of entries.entries()) {
      this.#parts.visit(first + at, leaf, record)
    }
  }

  #read({ count, first, payload }: Commit): {
    readonly entries: readonly Read[]
    readonly hashes: readonly TreeHash[]
    readonly note: string
    readonly noteAt: number
  } {
    if (first !== this.#edge.size || !Number.isSafeInteger(count) || count < 1) {
      throw this.#contradicted(`leaf ${this.#edge.size} is due, leaf ${first} comes`)
    }
    const entries: Read[] = []
    const hashes: TreeHash[] = []
    let at = 0
    for (let index = first; index < first + count; index += 1) {
      const place = placeOf(payload, at, payload.length)
      if (place === undefined) throw this.#contradicted(`leaf ${index} has no form`)
      const leaf = parseLeaf(payload.toString('latin1', place.hashedAt + 1, place.end))
      const bytes = payload.subarray(place.record, place.recordEnd)
      if (leaf?.record !== digestOf(bytes)) {
        throw this.#contradicted(`leaf ${index} does not name the record beside it`)
      }
      const record = bytes.toString('utf8')
      if (!isObject(record)) throw this.#contradicted(`leaf ${index} has no record`)
      entries.push({ leaf, record })
      hashes.push(leafHash(payload.subarray(place.hashedAt, place.end)))
      at = place.end
    }
    return { entries, hashes, note: payload.toString('utf8', at), noteAt: at }
  }

  #check(note: string, growth: Growth): void {
    const why = noteObjection(note, this.#parts, growth)
    if (why === undefined) return
    const followed = `${this.#edge.size} leaves were followed`
    throw this.#contradicted(`${why}; ${followed}`)
  }

  /** As the registrar's own journal has it: the leaves, then the checkpoint over them. */
  async #write(commit: Commit, noteAt: number, note: string, growth: Growth): Promise<void> {
    const { storage } = this.#parts
    const { count, first, payload } = commit
    if (!(await storage.reserve(2, payload.length, true))) {
      throw new RegistrarUnavailable('the disk is full: the registry can not be followed')
    }
    const buffer = Buffer.concat([Buffer.alloc(HEADROOM), payload.subarray(0, noteAt)])
    const signed = Buffer.concat([Buffer.alloc(HEADROOM), Buffer.from(note)])
    try {
      await storage.append({
        ...{ type: 'leaves', first, count },
        ...{ buffer, start: HEADROOM, end: buffer.length },
      })
      await storage.append({
        ...{ type: 'checkpoint', first: growth.size, count: 0 },
        ...{ buffer: signed, start: HEADROOM, end: signed.length },
      })
    } catch (cause) {
      const fault = new LedgerFault(`${this.origin} can not be kept here any more`, { cause })
      this.#parts.onFatal(fault)
      throw fault
    }
  }

  #contradicted(why: string): RegistryContradicted {
    return contradicted(this.origin, why)
  }
}

type Signed = Pick<FollowedRegistryParts, 'origin' | 'key'>

/** Why this is not the registrar's checkpoint over these leaves. */
function noteObjection(
  note: string,
  { key, origin }: Signed,
  { root, size }: { readonly root: TreeHash; readonly size: number },
): string | undefined {
  const parsed = parseNote(note)
  const checkpoint = parsed && parseCheckpoint(parsed.text)
  if (parsed === undefined || checkpoint === undefined || note.length > LONGEST_NOTE) {
    return `no checkpoint stands over ${size} leaves`
  }
  // One line: what stands in another one could be anybody's, of anything, and would be kept and published here for ever.
  if (parsed.signatures.length !== 1 || signersOf(parsed, [key])?.length !== 1) {
    return `the checkpoint of ${size} leaves is not signed by its key alone`
  }
  // As a whole: recovery refuses a journal whose checkpoint says anything more.
  if (parsed.text === checkpointText(origin, size, root)) return undefined
  return `its checkpoint of ${size} leaves does not continue those that are here`
}

function contradicted(origin: string, why: string): RegistryContradicted {
  return new RegistryContradicted(
    `${origin}, as the registrar shows it: ${why}. Nothing of it was taken; keep this folder as evidence.`,
  )
}

function isObject(record: string): boolean {
  try {
    const read = JSON.parse(record) as unknown
    return typeof read === 'object' && read !== null
  } catch {
    return false
  }
}

/** What a crash left without its checkpoint: the very note that the registrar signed over so many leaves with this root. */
export async function noteOfSize(
  { registrar, ...signed }: Signed & { readonly registrar: Registrar },
  size: number,
  root: TreeHash,
): Promise<string> {
  for (let from = 0; from < size;) {
    const commits = await registrar.commits(from)
    const last = commits.find(({ count, first }) => first + count === size)
    if (last !== undefined) {
      const note = noteOf(last)
      const why = noteObjection(note, signed, { root, size })
      if (why !== undefined) throw contradicted(signed.origin, why)
      return note
    }
    const end = commits.at(-1)
    if (end === undefined || end.first + end.count <= from) break
    from = end.first + end.count
  }
  throw contradicted(signed.origin, `it has no checkpoint of ${size} leaves any more`)
}

function noteOf({ count, payload }: Commit): string {
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    at = placeOf(payload, at, payload.length)?.end ?? payload.length
  }
  return payload.toString('utf8', at)
}

/**
 * A registry that another process writes, followed commit by commit into a journal of this process: every leaf, root and signature is
 * checked before it is believed, and what is kept verifies like the original.
 *
 * INVARIANT: what was once followed is never replaced. A registrar that shows another history is refused, and named.
 */
import type { DurableLeaves } from '../ledger/chain.ts'
import type { Chain, Entry, Head, Recorded } from '../ledger/entry.ts'
import { placeOf } from '../ledger/entry-bytes.ts'
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
}

interface Read {
  readonly leaf: Leaf
  readonly record: string
}

export class FollowedRegistry implements Chain {
  readonly origin: string
  readonly #parts: FollowedRegistryParts
  #edge: Edge
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(parts: FollowedRegistryParts) {
    this.#parts = parts
    this.origin = parts.origin
    this.#edge = parts.edge
  }

  head(): Head {
    const { size } = this.#edge
    return { origin: this.origin, size, root: digestOfTreeHash(rootOf(this.#edge)) }
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
    if (kept?.record !== entry.record) {
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
    await this.#last
    this.#parts.registrar.close()
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
    if (first !== this.#edge.size || count < 1) {
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
      entries.push({ leaf, record: bytes.toString('utf8') })
      hashes.push(leafHash(payload.subarray(place.hashedAt, place.end)))
      at = place.end
    }
    return { entries, hashes, note: payload.toString('utf8', at), noteAt: at }
  }

  #check(note: string, growth: Growth): void {
    const parsed = parseNote(note)
    const checkpoint = parsed && parseCheckpoint(parsed.text)
    if (parsed === undefined || checkpoint === undefined) {
      throw this.#contradicted(`no checkpoint stands over ${growth.size} leaves`)
    }
    if (signersOf(parsed, [this.#parts.key])?.length !== 1) {
      throw this.#contradicted(`the checkpoint of ${growth.size} leaves is not signed by its key`)
    }
    const { origin, root, size } = checkpoint
    if (origin === this.origin && size === growth.size && root === growth.root) return
    throw this.#contradicted(
      `its checkpoint of ${growth.size} leaves does not continue the ${this.#edge.size} that were followed`,
    )
  }

  /** As the registrar's own journal has it: the leaves, then the checkpoint over them. */
  async #write(commit: Commit, noteAt: number, note: string, growth: Growth): Promise<void> {
    const { storage } = this.#parts
    const { count, first, payload } = commit
    if (!(await storage.reserve(2, payload.length, true))) {
      throw new RegistrarUnavailable('the disk is full: the registry can not be followed')
    }
    const buffer = Buffer.concat([Buffer.alloc(HEADROOM), payload.subarray(0, noteAt)])
    await storage.append({
      ...{ type: 'leaves', first, count },
      ...{ buffer, start: HEADROOM, end: buffer.length },
    })
    const signed = Buffer.concat([Buffer.alloc(HEADROOM), Buffer.from(note)])
    await storage.append({
      ...{ type: 'checkpoint', first: growth.size, count: 0 },
      ...{ buffer: signed, start: HEADROOM, end: signed.length },
    })
  }

  #contradicted(why: string): RegistryContradicted {
    return new RegistryContradicted(
      `${this.origin}, as the registrar shows it: ${why}. Nothing of it was taken; keep this folder as evidence.`,
    )
  }
}

/** What a crash left without its checkpoint: the very note that the registrar signed over so many leaves. */
export async function noteOfSize(registrar: Registrar, size: number): Promise<string> {
  for (let from = 0; from < size;) {
    const commits = await registrar.commits(from)
    const last = commits.find(({ count, first }) => first + count === size)
    if (last !== undefined) return noteOf(last)
    const end = commits.at(-1)
    if (end === undefined) break
    from = end.first + end.count
  }
  throw new RegistryContradicted(`the registrar has no checkpoint of ${size} leaves any more`)
}

function noteOf({ count, payload }: Commit): string {
  let at = 0
  for (let entry = 0; entry < count; entry += 1) {
    at = placeOf(payload, at, payload.length)?.end ?? payload.length
  }
  return payload.toString('utf8', at)
}

/**
 * Puts documents, rules and revocation lists on the registry chain. Each text is one or more leaves, by content and only
 * once; nothing takes force before the `manifest` leaf that names it, so a crash in between changes nothing.
 */
import type { Registered } from '../../policies/documents/documents.ts'
import type { RuleSet } from '../../policies/rule-set.ts'
import type { Digest, Instant } from '../../policies/vocabulary.ts'
import { NotReplicated, type Chain, type Entry, type Recorded } from '../ledger/entry.ts'
import type { ManifestRecord } from '../ledger/registry-events.ts'
import type { RegistryView } from '../projections/registry-view.ts'
import { piecesOf } from './pieces.ts'

export interface Publication {
  readonly documents: readonly Registered<unknown>[]
  readonly rules: RuleSet
  readonly engine: { readonly name: string; readonly version: string }
}

export interface RegistryWriter {
  readonly chain: Chain
  readonly view: RegistryView
  readonly sha256: (text: string) => Digest
  /** Another process writes it: the view is told of each leaf as it is followed, ours among them. */
  readonly isFollowed?: true
}

/** Returns the index of the manifest in force afterwards: the one before, where nothing changed. */
export async function publish(
  registry: RegistryWriter,
  publication: Publication,
  at: Instant,
): Promise<number> {
  const named = publication.documents.map(({ path, text }) => ({
    hash: registry.sha256(text),
    id: path,
    text,
  }))
  const newest = registry.view.newest()
  if (newest !== undefined && isSame(newest, named, publication)) return newest.index
  for (const text of named) {
    if (!registry.view.texts.has(text.hash)) await appendAll(registry, piecesOf('document', text))
  }
  const { hash, text } = publication.rules
  if (!registry.view.texts.has(hash)) {
    await appendAll(registry, piecesOf('rules', { hash, id: 'rules', text }))
  }
  const number = (newest?.number ?? 0) + 1
  return appendAll(registry, manifestEntries(named, publication, { number, at }))
}

/**
 * Appends in order and folds each leaf into the view; returns the last index. Throws the first fault, but what is on record all the
 * same is known here first: otherwise a genesis that only the log servers lack would be recorded a second time.
 */
export async function appendAll(
  { chain, isFollowed, view }: RegistryWriter,
  entries: readonly Entry[],
): Promise<number> {
  const read = entries.map(({ kind, record }) => ({ kind, json: JSON.parse(record) as unknown }))
  if (isFollowed !== true) for (const { json } of read) view.foresee(json)
  const appended = await Promise.allSettled(entries.map((entry) => chain.append(entry)))
  for (const [at, one] of appended.entries()) {
    const [entry, index] = [read[at], indexIn(one)]
    if (entry === undefined || index === undefined || isFollowed === true) continue
    view.take(index, entry.kind, entry.json)
  }
  const failed = appended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  const last = appended.at(-1)
  return (last && indexIn(last)) ?? -1
}

/** Undefined: it is not on record, as far as is known. */
function indexIn(appended: PromiseSettledResult<Recorded>): number | undefined {
  if (appended.status === 'fulfilled') return appended.value.index
  const fault: unknown = appended.reason
  return fault instanceof NotReplicated ? fault.recorded.index : undefined
}

type Named = readonly { readonly hash: Digest; readonly id: string }[]

function isSame(
  newest: {
    readonly documents: Named
    readonly rules: Digest
    readonly engine: Publication['engine']
  },
  named: Named,
  { rules, engine }: Publication,
): boolean {
  return (
    newest.rules === rules.hash &&
    newest.engine.name === engine.name &&
    newest.engine.version === engine.version &&
    newest.documents.length === named.length &&
    newest.documents.every(({ hash, id }, at) => hash === named[at]?.hash && id === named[at].id)
  )
}

// A path and a digest take at most 300 bytes, so a part stays under 64 KiB.
const NAMED_IN_PART = 200

function manifestEntries(
  named: Named,
  { rules, engine }: Publication,
  { number, at }: { readonly number: number; readonly at: Instant },
): readonly Entry[] {
  const parts = Math.max(1, Math.ceil(named.length / NAMED_IN_PART))
  return Array.from({ length: parts }, (_, part) => {
    const documents = named.slice(part * NAMED_IN_PART, (part + 1) * NAMED_IN_PART)
    const record: ManifestRecord = {
      at,
      documents: documents.map(({ hash, id }) => ({ hash, id })),
      engine: { name: engine.name, version: engine.version },
      number,
      part: part + 1,
      parts,
      rules: rules.hash,
      v: 1,
    }
    return { kind: 'manifest', record: JSON.stringify(record) }
  })
}

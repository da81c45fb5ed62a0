/** The bytes of a leaf: RFC 8785 of `{kind, public, record, v}` (design §4). This shape is for ever. */
import { canonicalJson } from '../../policies/canonical-json.ts'
import { Digest } from '../../policies/vocabulary.ts'
import type { ExchangeKind, LeafKind, RegistryKind } from './entry.ts'

export interface Leaf {
  readonly kind: LeafKind
  /** Salted commitment to the coarse row for public statistics. */
  readonly public?: Digest
  /** SHA-256 of the record's canonical bytes. */
  readonly record: Digest
  readonly v: 1
}

/** C2SP tlog-tiles: an entry's length stands in 16 bits. */
export const LONGEST_ENTRY = 65_535

export const REGISTRY_KINDS: readonly RegistryKind[] = [
  ...(['instance', 'document', 'rules', 'manifest', 'revocations'] as const),
  ...(['genesis', 'closure', 'cut'] as const),
  ...(['officers', 'hold', 'release', 'erasure', 'access'] as const),
  ...(['anchor', 'pruned'] as const),
]
export const EXCHANGE_KINDS: readonly ExchangeKind[] = [
  ...(['opening', 'heads', 'intent', 'denial', 'outcome', 'admission', 'seal'] as const),
]
const LEAF_KINDS: readonly LeafKind[] = [...REGISTRY_KINDS, ...EXCHANGE_KINDS]

/** By hand, since it is made for every record: kinds and digests need no escaping. */
export function leafText(kind: LeafKind, record: string, publicRow: string | undefined): string {
  return publicRow === undefined
    ? `{"kind":"${kind}","record":"${record}","v":1}`
    : `{"kind":"${kind}","public":"${publicRow}","record":"${record}","v":1}`
}

// The one spelling, so that nothing needs to be parsed: an auditor reads every leaf.
const LEAF =
  /^\{"kind":"([a-z]+)",(?:"public":"([A-Za-z0-9_-]{43})",)?"record":"([A-Za-z0-9_-]{43})","v":1\}$/
export const KINDS: ReadonlyMap<string, LeafKind> = new Map(LEAF_KINDS.map((kind) => [kind, kind]))

/** Undefined unless the text is canonical and has exactly the members of a leaf of version 1. */
export function parseLeaf(text: string): Leaf | undefined {
  const parts = LEAF.exec(text)
  const kind = KINDS.get(parts?.[1] ?? '')
  if (parts?.[3] === undefined || kind === undefined) return undefined
  const record = Digest.parse(parts[3])
  return parts[2] === undefined
    ? { kind, record, v: 1 }
    : { kind, public: Digest.parse(parts[2]), record, v: 1 }
}

/** The same for a value that was parsed already, e.g. the `leaf` in a receipt's `extra`. */
export function leafOf(value: unknown): Leaf | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const members = new Map<string, unknown>(Object.entries(value))
  const kind = LEAF_KINDS.find((known) => known === members.get('kind'))
  const record = digest(members.get('record'))
  if (kind === undefined || record === undefined || members.get('v') !== 1) return undefined
  if (members.size === 3 && !members.has('public')) return { kind, record, v: 1 }
  const row = digest(members.get('public'))
  return members.size === 4 && row !== undefined ? { kind, public: row, record, v: 1 } : undefined
}

export function canonicalLeaf(leaf: Leaf): string {
  return canonicalJson({ ...leaf })
}

function digest(value: unknown): Digest | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value)
    ? Digest.parse(value)
    : undefined
}

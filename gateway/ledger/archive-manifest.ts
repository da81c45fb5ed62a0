/**
 * What an archive holds, told by its manifests: one a run, each naming what came anew, the manifest before, and how far every chain
 * reached. A manifest is RFC 8785, addressed by its SHA-256 and signed with a log key as a checkpoint of the log `<instance>/archive` (the
 * registrar's key) or `<instance>/archive/<gateway>` (the key of a gateway that follows a registry): its size is the manifest's number, its
 * root the manifest's hash.
 */
import { canonicalJson } from '../../policies/canonical-json.ts'
import type { Json } from '../../policies/canonical-json.ts'
import type { Digest, Instant } from '../../policies/vocabulary.ts'
import { checkpointText, checkpointWriter } from './checkpoint.ts'
import type { Head } from './entry.ts'
import { digestOf, treeHashOfDigest } from './hash.ts'
import { noteKey, parseNote, signersOf } from './note.ts'
import type { NoteKey } from './note.ts'
import type { PinnedKeys } from './pinned-keys.ts'
import { ED25519 } from './signer.ts'
import type { LogSigner } from './signer.ts'

export interface ArchiveEntry {
  /** Of what is kept: a segment without the zeros behind its last frame. */
  readonly bytes: number
  /** Nothing is added to it any more: it is never archived again. */
  readonly closed: boolean
  /** From the data folder, parts separated by `/`. */
  readonly path: string
  /** SHA-256 of what is kept, hexadecimal: the name of its object. */
  readonly sha256: string
  /** Of the file that it came from: what is missing are zeros. */
  readonly size: number
}

export interface ArchiveManifest {
  readonly at: Instant
  /** How far the chains reached, sorted by origin. */
  readonly chains: readonly Head[]
  readonly engine: { readonly name: string; readonly version: string }
  /** Whose key signs; absent: the registrar's. */
  readonly gateway?: string
  /** What is new or grown since the manifest before, sorted by path. */
  readonly entries: readonly ArchiveEntry[]
  readonly instance: string
  /** From 1, without gaps. */
  readonly number: number
  /** SHA-256 of the manifest before. */
  readonly previous?: string
  readonly v: 1
}

export function manifestText(manifest: ArchiveManifest): string {
  return canonicalJson(asJson(manifest))
}

function asJson({ chains, entries, ...rest }: ArchiveManifest): Json {
  const heads = chains.map((head) => ({ ...head }))
  return { ...rest, chains: heads, entries: entries.map((entry) => ({ ...entry })) }
}

/** The signed note that belongs to a manifest's text. */
export function signManifest(manifest: ArchiveManifest, signer: LogSigner): string {
  const hash = treeHashOfDigest(digestOf(manifestText(manifest)))
  return checkpointWriter(archiveOrigin(manifest), signer)(manifest.number, hash)
}

export function archiveOrigin({
  gateway,
  instance,
}: Pick<ArchiveManifest, 'gateway' | 'instance'>): string {
  return gateway === undefined ? `${instance}/archive` : `${instance}/archive/${gateway}`
}

/** The pinned key of whoever says that it signs. */
function signerOf({ gateway, instance }: ArchiveManifest, keys: PinnedKeys): NoteKey | undefined {
  if (gateway !== undefined) return keys.forChain(`${instance}/exchange/${gateway}/1`)
  return keys.registry?.name === `${instance}/registry` ? keys.registry : undefined
}

/** What is wrong with a manifest or its note; attacker-controlled. */
export function readManifest(
  text: string,
  note: string,
  keys: PinnedKeys,
): ArchiveManifest | { readonly wrong: string } {
  const manifest = parsed(text)
  if (manifest === undefined) return { wrong: 'it is not a manifest in canonical form' }
  const key = signerOf(manifest, keys)
  if (key === undefined)
    return { wrong: 'it is of an instance or a gateway whose key is not pinned' }
  return isSigned(manifest, digestOf(text), { note, publicKey: key.publicKey })
    ? manifest
    : { wrong: 'its note is not one of the pinned key over it' }
}

function isSigned(
  manifest: ArchiveManifest,
  digest: Digest,
  { note, publicKey }: { readonly note: string; readonly publicKey: Uint8Array },
): boolean {
  const { number } = manifest
  const origin = archiveOrigin(manifest)
  const signed = parseNote(note)
  const keys = [noteKey(origin, ED25519, publicKey)]
  if (signed === undefined || signersOf(signed, keys)?.length !== 1) return false
  const root = treeHashOfDigest(digest)
  return signed.text === checkpointText(origin, number, root)
}

function parsed(text: string): ArchiveManifest | undefined {
  try {
    const value = JSON.parse(text) as ArchiveManifest
    return isManifest(value) && manifestText(value) === text ? value : undefined
  } catch {
    return undefined
  }
}

function isManifest(value: ArchiveManifest): boolean {
  const { entries, gateway, instance, number, v } = value
  return (
    (v as unknown) === 1 &&
    typeof instance === 'string' &&
    ['string', 'undefined'].includes(typeof gateway) &&
    Number.isSafeInteger(number) &&
    entries.every(isEntry)
  )
}

/** Also: its path leads to no place but below the folder that it is restored to. */
function isEntry({ bytes, path, sha256, size }: ArchiveEntry): boolean {
  const parts = path.split('/')
  const isBelow = parts.every((part) => /^[A-Za-z0-9._%+=@-]+$/.test(part) && !/^\.+$/.test(part))
  const areSizes = [bytes, size].every((each) => Number.isSafeInteger(each) && each >= 0)
  return isBelow && areSizes && bytes <= size && /^[0-9a-f]{64}$/.test(sha256)
}

/** What all manifests together hold: of each path what came last. */
export function contentsOf(manifests: readonly ArchiveManifest[]): Map<string, ArchiveEntry> {
  return new Map(manifests.flatMap(({ entries }) => entries).map((entry) => [entry.path, entry]))
}

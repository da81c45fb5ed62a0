/**
 * The records of the registry chain: who takes part, under which documents and rules, and which exchange chains exist.
 * Members in the order of RFC 8785. Only what a `manifest` names takes force.
 */
import type { Digest, GatewayId, Instant } from '../../policies/vocabulary.ts'

/** Kind `instance`: leaf 0. */
export interface InstanceRecord {
  readonly at: Instant
  /** The certification authority, PEM. */
  readonly ca: { readonly issuing: string; readonly root: string }
  readonly instance: string
  /** C2SP verifier key of the registry chain. */
  readonly registrar: string
  readonly v: 1
}

/**
 * Kinds `document`, `rules` and `revocations`: a text by its content, in pieces that stay under 64 KiB.
 * `hash` = SHA-256 of the whole text in UTF-8; the pieces follow each other.
 */
export interface PieceRecord {
  readonly hash: Digest
  /** What the text is about: a path such as `agreements/AG-1.json`, `rules`, or the number of a revocation list. */
  readonly id: string
  /** From 1. */
  readonly part: number
  readonly parts: number
  readonly text: string
  readonly v: 1
}

/** Kind `manifest`: what is in force from here on. In several parts where it is long; the last one counts. */
export interface ManifestRecord {
  readonly at: Instant
  readonly documents: readonly { readonly hash: Digest; readonly id: string }[]
  readonly engine: { readonly name: string; readonly version: string }
  readonly number: number
  readonly part: number
  readonly parts: number
  readonly rules: Digest
  readonly v: 1
}

/** Kind `genesis`: opens an exchange chain in public (design D7). */
export interface GenesisRecord {
  readonly at: Instant
  /** Origin of the chain, `<instance>/exchange/<gateway>/<n>`. */
  readonly chain: string
  readonly gateway: GatewayId
  /** C2SP verifier key of the chain. */
  readonly key: string
  readonly n: number
  /** The gateway's chain before, as closed; absent for its first. */
  readonly predecessor?: { readonly chain: string; readonly root: Digest; readonly size: number }
  readonly v: 1
}

/** Kind `closure`: with what size and root an exchange chain ended, and what a crash left of its tail. */
export interface ClosureRecord {
  readonly at: Instant
  readonly chain: string
  /** A torn tail that was cut: kept aside under this digest. */
  readonly cut?: { readonly bytes: number; readonly hash: Digest }
  readonly root: Digest
  readonly sealed: boolean
  readonly size: number
  readonly v: 1
}

/** Kind `cut`: the registry's own torn tail. */
export interface CutRecord {
  readonly at: Instant
  readonly bytes: number
  readonly hash: Digest
  readonly v: 1
}

/** Kind `anchor`: a time-stamp covers the heads of a gateway's chains (`anchor.ts`); it keeps both texts, under these digests. */
export interface AnchorRecord {
  /** SHA-256 of the aggregate's text. */
  readonly aggregate: Digest
  readonly at: Instant
  /** Who had the time-stamp made. */
  readonly gateway: GatewayId
  /** Of this gateway's, from 1, without gaps. */
  readonly number: number
  /** SHA-256 of the token. */
  readonly stamp: Digest
  readonly v: 1
}

/**
 * The records of what officers do with persons' keys and with records whose time is over (design §4): two people sign one statement, and the statement stands in
 * the registry chain before anything happens. Members in the order of RFC 8785; none of them is a datum of a person.
 */
import type { Digest, ExchangeId, GatewayId, Instant } from '../../policies/vocabulary.ts'

/** What an officer may take part in. */
export type Role = 'auditor' | 'data-protection' | 'erasure' | 'legal'
export type Act = 'erase' | 'hold' | 'open' | 'prune' | 'release'

/** Officers, and what two of them order. */
export const DUTY_KINDS = ['officers', 'hold', 'release', 'erasure', 'access', 'pruned'] as const

/** Both officers sign its RFC 8785 text (`statementText`). */
export interface Statement {
  readonly act: Act
  readonly at: Instant
  /** `prune`: what must be kept until later stays. */
  readonly before?: Instant | undefined
  /** A code of the closed list that belongs to the act (`gateway/erasure/bases.ts`). */
  readonly basis: string
  /** `open`, and a hold on one exchange. */
  readonly exchange?: ExchangeId | undefined
  /** From then on it is worth nothing. */
  readonly expires: Instant
  /** `release`: the hold that ends. */
  readonly hold?: string | undefined
  /** UUID; serves once at each gateway. */
  readonly id: string
  /** Of this instance only. */
  readonly instance: string
  /** `prune`: days that everything is kept for at least. */
  readonly keepDays?: number | undefined
  /**
   * `erase`, and a hold on a person: SHA-256(nonce of 32 bytes ‖ RFC 8785 of the sorted national numbers). Nonce and numbers go to
   * the gateway beside the statement and are kept nowhere: nobody can find the persons from this.
   */
  readonly persons?: Digest | undefined
  readonly v: 1
}

export interface Approval {
  /** A registered code such as `DPO-1`, never a name. */
  readonly officer: string
  /** Ed25519, base64url. */
  readonly signature: string
}

interface Done {
  readonly approvals: readonly Approval[]
  readonly at: Instant
  /** Where it was carried out: each gateway has keys of its own, and an order serves once at each. */
  readonly gateway: GatewayId
  /** Index of the `officers` leaf whose keys the approvals were checked with. */
  readonly officers: number
  readonly statement: Statement
  readonly v: 1
}

export interface Officer {
  readonly id: string
  /** Ed25519 public key, 32 bytes, base64url. */
  readonly key: string
  readonly roles: readonly Role[]
}

/** Kind `officers`: who may sign from here on. */
export interface OfficersRecord {
  readonly at: Instant
  readonly officers: readonly Officer[]
  readonly v: 1
}

/** What replay said of a pseudonym's decisions before its key died. */
export interface ReplayVerdict {
  readonly agree: number
  readonly differ: number
  /** SHA-256 of RFC 8785 of `[[exchange, finding], …]`, in the order of the chains: whoever replays them again gets the same. */
  readonly digest: Digest
  readonly stale: number
  readonly undecidable: number
}

/** Kind `erasure`: the key behind this pseudonym is destroyed. */
export interface ErasureRecord extends Done {
  readonly replay: ReplayVerdict
  readonly subject: string
}

/** Kind `hold`: nothing of it may be erased until it is released. */
export interface HoldRecord extends Done {
  /** A hold on a person: HMAC-SHA-256(person's key, "hold/1"), base64url, which dies with the key and joins no pseudonyms. */
  readonly token?: string | undefined
}

/** Kind `release`. */
export type ReleaseRecord = Done

/**
 * Kind `pruned`: the records of the first `size` leaves of an exchange chain may be gone from here on, since their time is over and the
 * archive has them. The leaves stay, and with them every proof.
 */
export interface PrunedRecord extends Done {
  /** SHA-256 of the archive's manifest that was the newest then: it and those before it name every one of them. */
  readonly archive: Digest
  readonly chain: string
  readonly size: number
}

/** Kind `access`: sealed details of an exchange are opened; durable before they are. */
export type AccessRecord = Done

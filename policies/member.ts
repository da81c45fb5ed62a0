/**
 * Who takes part. A controller collects and discloses for a duty of its own; a processor only ever acts on behalf of
 * one (PDPA §4: what it does counts as the controller's); an operator runs the exchange and does neither.
 */
import type { Digest, MemberId, SubsystemId, Wording } from './vocabulary.ts'

export type MemberKind = 'controller' | 'processor' | 'operator'

export interface Member {
  readonly id: MemberId
  readonly kind: MemberKind
  readonly name: Wording
  readonly subsystems: readonly Subsystem[]
  /** The controllers that a processor acts for; empty for any other kind. */
  readonly onBehalfOf: readonly MemberId[]
  /** Keys with which the member signs agreements; the TLS keys of its subsystems are others. */
  readonly signingKeys: readonly SigningKey[]
}

export interface Subsystem {
  readonly id: SubsystemId
  readonly title: Wording
}

export interface SigningKey {
  /** SHA-256 of the SubjectPublicKeyInfo's DER. */
  readonly key: Digest
  /** The SubjectPublicKeyInfo's DER in base64. */
  readonly spki: string
}

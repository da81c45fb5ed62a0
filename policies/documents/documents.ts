/** The documents in force, as read: typed, and each with its address and its canonical text. */
import type { Agreement, AgreementSignature } from '../agreement.ts'
import type { LegalBasis, Purpose } from '../catalog.ts'
import type { Member, SigningKey } from '../member.ts'
import type { ServiceRegistration } from '../service.ts'
import type { BasisCode, Digest, MemberId, PurposeCode, ServiceId } from '../vocabulary.ts'

export const DOCUMENT_KINDS = [
  'members',
  'services',
  'purposes',
  'legal-bases',
  'agreements',
] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]

/** A text to read. `path` is `<kind>/<name>.json`, with `/` on every machine. */
export interface DocumentFile {
  readonly path: string
  readonly text: string
}

export interface Registered<T> {
  readonly path: string
  readonly document: T
  /** SHA-256 of RFC 8785 of the document; of an agreement: of its `agreement` member (design §4). */
  readonly hash: Digest
  /** RFC 8785 of the whole document, signatures included: reading this text again gives the same document. */
  readonly text: string
}

export interface Documents {
  /** Every document, ordered by kind (as in `DOCUMENT_KINDS`), then by path. */
  readonly all: readonly Registered<unknown>[]
  readonly members: ReadonlyMap<MemberId, Registered<Member>>
  readonly services: ReadonlyMap<ServiceId, Registered<ServiceRegistration>>
  readonly purposes: ReadonlyMap<PurposeCode, Purpose>
  readonly legalBases: ReadonlyMap<BasisCode, LegalBasis>
  readonly agreements: readonly Registered<Agreement>[]
}

/** One thing wrong with one document. Every one is reported, none holds a value that stood in the document. */
export interface Fault {
  readonly path: string
  /** RFC 6901 pointer into the document; `''` is the whole. */
  readonly pointer: string
  readonly expected: string
  /** Where in the text, for a text that is not JSON; both from 1. */
  readonly position?: { readonly line: number; readonly column: number }
}

export type ReadDocuments =
  | { readonly kind: 'read'; readonly documents: Documents }
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] }

/** The cryptography that documents need, passed in: policies/ has none of its own. */
export interface DocumentCrypto {
  /** Of the text in UTF-8. */
  readonly sha256: (text: string) => Digest
  /** SHA-256 of the key's DER; undefined when the base64 is not a public key of a kind that may sign. */
  readonly keyDigest: (spki: string) => Digest | undefined
  /** Whether the signature over the text (in UTF-8) is this key's. Never throws. */
  readonly verifies: (text: string, signature: AgreementSignature, key: SigningKey) => boolean
}

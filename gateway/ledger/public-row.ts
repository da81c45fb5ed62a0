/**
 * The coarse row that public statistics are computed from, and the salted commitment to it that stands in the leaf
 * (`public`). The row is derived from the record, so whoever has the record recomputes the commitment; whoever has only
 * the leaf learns nothing until the row and its salt are published.
 */
import { hash } from 'node:crypto'
import { Digest, memberOf } from '../../policies/vocabulary.ts'
import type { Instant } from '../../policies/vocabulary.ts'
import type { LeafKind } from './entry.ts'
import type { DecisionRecord, OutcomeRecord } from './events.ts'

export type RowKind = 'intent' | 'denial' | 'outcome'

type RecordOf<Kind extends RowKind> = Kind extends 'outcome' ? OutcomeRecord : DecisionRecord

/** SHA-256(salt || RFC 8785 of the row), where `salt` is the record's, decoded. */
export function publicCommitment<Kind extends RowKind>(kind: Kind, record: RecordOf<Kind>): Digest {
  return commitmentToRow(record.salt, publicRow(kind, record))
}

const scratch = Buffer.alloc(4096)

export function commitmentToRow(salt: string, row: string): Digest {
  // All of it or another way: what is cut off would not be committed to.
  if (salt.length + 3 * row.length > scratch.length) {
    return Digest.parse(
      hash(
        'sha256',
        Buffer.concat([Buffer.from(salt, 'base64url'), Buffer.from(row)]),
        'base64url',
      ),
    )
  }
  const saltLength = scratch.write(salt, 0, 'base64url')
  const length = saltLength + scratch.write(row, saltLength)
  return Digest.parse(hash('sha256', scratch.subarray(0, length), 'base64url'))
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Of base64url; -1 for whatever is none. */
const SEXTETS = Int8Array.from({ length: 256 }, (_, code) =>
  BASE64URL.indexOf(String.fromCharCode(code)),
)
const SALT_CHARACTERS = 22

/** The same for one row under many salts: a verifier meets few rows, a million times each. */
export class RowCommitments {
  readonly #bytes: Buffer

  constructor(row: string) {
    this.#bytes = Buffer.concat([Buffer.alloc(16), Buffer.from(row)])
  }

  /** `salt`: where the 22 characters of base64url stand that are 16 bytes. Undefined where one of them is none. */
  with(bytes: Buffer, salt: number): string | undefined {
    let bits = 0
    let seen = 0
    let held = 0
    let to = 0
    for (let at = salt; at < salt + SALT_CHARACTERS; at += 1) {
      const sextet = SEXTETS[bytes[at] ?? 0] ?? -1
      seen |= sextet
      bits = (bits << 6) | sextet
      held += 6
      if (held < 8) continue
      held -= 8
      this.#bytes[to] = (bits >> held) & 0xff
      to += 1
    }
    return seen < 0 ? undefined : hash('sha256', this.#bytes, 'base64url')
  }
}

/** Whether leaves of a kind carry a commitment. */
export function hasRow(kind: LeafKind): kind is RowKind {
  return kind === 'intent' || kind === 'denial' || kind === 'outcome'
}

/**
 * RFC 8785 of `{bases, consumer, effect, month, provider, purpose, service}` (controllers; a decision) or of
 * `{consumer, month, outcome, service}` (the member whose system asked; an outcome). Identifiers are percent-encoded and codes are
 * plain ASCII, so nothing needs escaping.
 */
export function publicRow<Kind extends RowKind>(_kind: Kind, record: RecordOf<Kind>): string {
  return 'outcome' in record ? outcomeRow(record) : decisionRow(record)
}

function decisionRow(record: DecisionRecord): string {
  const { bases, controllers, purpose, question } = record
  const first =
    bases === undefined
      ? ''
      : `"bases":{"collect":"${bases.collect}","disclose":"${bases.disclose}"},`
  const sixth = purpose === undefined ? '' : `"purpose":"${purpose}",`
  return (
    `{${first}"consumer":"${controllers.consumer}","effect":"${record.effect}",` +
    `"month":"${taipeiMonth(question.at)}","provider":"${controllers.provider}",${sixth}"service":"${question.service}"}`
  )
}

function outcomeRow(record: OutcomeRecord): string {
  return (
    `{"consumer":"${memberOf(record.consumer)}","month":"${taipeiMonth(record.at)}",` +
    `"outcome":"${record.outcome}","service":"${record.service}"}`
  )
}

// Taiwan keeps UTC+8 all year.
const OFFSET_MS = 8 * 3_600_000
let known = { from: 0, to: 0, text: '' }

/** `YYYY-MM` in Asia/Taipei. */
export function taipeiMonth(at: Instant): string {
  if (at >= known.from && at < known.to) return known.text
  const local = new Date(at + OFFSET_MS)
  const [year, month] = [local.getUTCFullYear(), local.getUTCMonth()]
  known = {
    from: Date.UTC(year, month, 1) - OFFSET_MS,
    to: Date.UTC(year, month + 1, 1) - OFFSET_MS,
    text: local.toISOString().slice(0, 7),
  }
  return known.text
}

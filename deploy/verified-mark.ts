/**
 * `<data>/verified.json`: when `gongdao verify` last found nothing wrong here, and how far each chain had grown by then. For
 * `gongdao.verified.age` alone: nothing that is decided or signed rests on it. Beside the ledger, not in it: an archive keeps none.
 *
 *     {"at":<ms>,"chains":{"<origin>":<leaves>},"v":1}
 */
import { join } from 'node:path'
import { readIfThere, replaceFile } from '../adapters/certs-folder/durable-file.ts'
import type { Head } from '../gateway/ledger/entry.ts'
import { canonicalJson } from '../policies/canonical-json.ts'

export interface VerifiedMark {
  /** Milliseconds; when the verification began. */
  readonly at: number
  /** Leaves by chain. */
  readonly chains: Readonly<Record<string, number>>
}

export function verifiedFile(data: string): string {
  return join(data, 'verified.json')
}

/** Undefined where nobody verified yet, or the mark can't be read: no alarm is quieter for it. */
export function readVerified(data: string): VerifiedMark | undefined {
  try {
    const mark = JSON.parse(readIfThere(verifiedFile(data))) as VerifiedMark & { v: unknown }
    const sizes = Object.values(mark.chains)
    return mark.v === 1 && [mark.at, ...sizes].every(Number.isSafeInteger) ? mark : undefined
  } catch {
    return undefined
  }
}

/**
 * Milliseconds since the ledger of this registry was verified. Undefined where the mark says nothing of it: it was left by the
 * verification of another ledger, of more than is here now (the folder was put back), or by a clock that was ahead.
 */
export function verifiedAge(
  { at, chains }: VerifiedMark,
  { origin, size }: Pick<Head, 'origin' | 'size'>,
  now: number,
): number | undefined {
  const seen = chains[origin]
  return seen === undefined || seen > size || at > now ? undefined : now - at
}

/** Throws what the file system throws: an auditor may have the right to read alone. */
export function keepVerified(data: string, { at, chains }: VerifiedMark): void {
  replaceFile(verifiedFile(data), `${canonicalJson({ at, chains, v: 1 })}\n`, 0o644)
}

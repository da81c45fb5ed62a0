/**
 * What was issued and what was revoked, one JSON object a line, append-only: the last line about a serial number counts.
 * A line is durable before the certificate leaves or the list is signed, so nothing is out that can't be revoked.
 */
import { REVOCATION_REASONS } from '../../certs/revocation-list-signing.ts'
import type { RevocationReason } from '../../certs/revocation-list-signing.ts'
import { Instant } from '../../policies/vocabulary.ts'
import { appendLine, readIfThere } from './durable-file.ts'

export interface IndexEntry {
  /** Hexadecimal, lower case, no leading zeros. */
  readonly serial: string
  readonly uri: string
  readonly notAfter: Instant
  readonly status: 'good' | 'revoked'
  /** When this became so. */
  readonly at: Instant
  /** Why, where it is revoked. */
  readonly reason?: RevocationReason
}

/** A line of the index that can't be read: nothing may be issued or revoked until somebody has looked at it. */
export class IndexDamaged extends Error {
  override readonly name = 'IndexDamaged'
}

export function appendEntry(path: string, entry: IndexEntry): void {
  const { notAfter, at, ...others } = entry
  appendLine(path, JSON.stringify({ ...others, notAfter: iso(notAfter), at: iso(at) }))
}

/** The last word on each serial number, in order of issue. Throws `IndexDamaged`. */
export function readIndex(path: string): IndexEntry[] {
  const text = readIfThere(path)
  const lines = text.split('\n')
  // What stands after the last line feed was being written when the machine stopped: its certificate never left.
  lines.pop()
  const entries = new Map<string, IndexEntry>()
  lines.forEach((line, index) => {
    const entry = readEntry(line)
    if (entry !== undefined) entries.set(entry.serial, entry)
    else if (!isTorn(line))
      throw new IndexDamaged(`${path}, line ${index + 1}: not an entry of the index`)
  })
  return [...entries.values()]
}

/** Cut off by a crash and closed by the next append: it has a beginning and no end. */
function isTorn(line: string): boolean {
  return line === '' || (line.startsWith('{') && !line.endsWith('}'))
}

function readEntry(line: string): IndexEntry | undefined {
  try {
    return entryOf(JSON.parse(line))
  } catch {
    return undefined
  }
}

function entryOf(value: unknown): IndexEntry | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { serial, uri, status, reason, notAfter, at } = value as Record<string, unknown>
  if (typeof serial !== 'string' || !/^[0-9a-f]+$/.test(serial)) return undefined
  if (typeof uri !== 'string' || (status !== 'good' && status !== 'revoked')) return undefined
  const times = { notAfter: Instant.parse(notAfter), at: Instant.parse(at) }
  const entry = { serial, uri, ...times }
  if (status === 'good') return { ...entry, status }
  const known = REVOCATION_REASONS.find((one) => one === reason)
  return known === undefined ? undefined : { ...entry, status, reason: known }
}

function iso(instant: Instant): string {
  return new Date(instant).toISOString()
}

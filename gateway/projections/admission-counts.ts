/**
 * What was refused before a decision (malformed, unknown service, too large, load), counted by member and code and put on
 * record once a minute (design §2). Codes and members come from the registry and from our own list: nothing an outsider
 * wrote, and no more rows than members × codes.
 */
import type { Instant, MemberId } from '../../policies/vocabulary.ts'
import type { AdmissionRecord } from '../ledger/events.ts'

// A row takes at most 300 bytes and a record 64 KiB; what is left stands in the next one.
const MOST_ROWS = 200

export class AdmissionCounts {
  #counts = new Map<string, AdmissionRecord['counts'][number]>()
  #from: Instant

  constructor(from: Instant) {
    this.#from = from
  }

  count(code: string, member: MemberId | 'nobody', times = 1): void {
    const key = `${member} ${code}`
    const before = this.#counts.get(key)?.count ?? 0
    this.#counts.set(key, { code, count: before + times, member })
  }

  /** What was counted since the last time, as a record; undefined when nothing was. Begins anew. */
  take(to: Instant): AdmissionRecord | undefined {
    const from = this.#from
    // What is left over was counted since then as well.
    if (this.#counts.size <= MOST_ROWS) this.#from = to
    if (this.#counts.size === 0) return undefined
    const rows = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))
    const counts = rows.slice(0, MOST_ROWS).map(([, row]) => row)
    this.#counts = new Map(rows.slice(MOST_ROWS))
    return { counts, from, to, v: 1 }
  }

  /** Puts back what could not be recorded. */
  putBack(record: AdmissionRecord): void {
    this.#from = record.from
    for (const { code, count, member } of record.counts) this.count(code, member, count)
  }
}

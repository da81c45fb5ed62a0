/** What officers have done with persons' keys, folded from the registry chain: who may sign, what is held, who is erased. */
import type { ExchangeId } from '../../policies/vocabulary.ts'
import type {
  AccessRecord,
  ErasureRecord,
  HoldRecord,
  OfficersRecord,
  ReleaseRecord,
} from '../ledger/duty-events.ts'
import type { LeafKind } from '../ledger/entry.ts'

export class DutyView {
  /** By the index of their leaf. */
  readonly officers = new Map<number, OfficersRecord>()
  /** In force, by id. */
  readonly holds = new Map<string, HoldRecord>()
  /** By pseudonym. */
  readonly erasures = new Map<string, ErasureRecord>()
  /** Statements that have served. */
  readonly served = new Set<string>()

  take(index: number, kind: LeafKind, record: unknown): void {
    if (kind === 'officers') this.officers.set(index, record as OfficersRecord)
    if (kind === 'hold') this.#takeHold(record as HoldRecord)
    if (kind === 'release') this.#takeRelease(record as ReleaseRecord)
    if (kind === 'access') this.served.add((record as AccessRecord).statement.id)
    if (kind === 'erasure') this.#takeErasure(record as ErasureRecord)
  }

  newestOfficers(): { readonly index: number; readonly record: OfficersRecord } | undefined {
    const newest = [...this.officers].at(-1)
    return newest && { index: newest[0], record: newest[1] }
  }

  /** The holds that an exchange, or the holder of a token, is under. */
  holdsOn(what: {
    readonly token?: string | undefined
    readonly exchanges?: ReadonlySet<ExchangeId>
  }): readonly HoldRecord[] {
    return [...this.holds.values()].filter(({ statement, token }) =>
      statement.exchange === undefined
        ? token !== undefined && token === what.token
        : what.exchanges?.has(statement.exchange) === true,
    )
  }

  #takeHold(record: HoldRecord): void {
    this.served.add(record.statement.id)
    this.holds.set(record.statement.id, record)
  }

  #takeRelease({ statement }: ReleaseRecord): void {
    this.served.add(statement.id)
    if (statement.hold !== undefined) this.holds.delete(statement.hold)
  }

  #takeErasure(record: ErasureRecord): void {
    this.served.add(record.statement.id)
    this.erasures.set(record.subject, record)
  }
}

/** What the duties of officers are carried out with. */
import type { ExchangeId, GatewayId } from '../../policies/vocabulary.ts'
import type { Approval, Officer, Statement } from '../ledger/duty-events.ts'
import type { Entry } from '../ledger/entry.ts'
import type { DecisionRecord } from '../ledger/events.ts'
import type { Chance, Clock } from '../ports/clock.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { PersonKeys } from '../ports/person-keys.ts'
import type { DutyView } from '../projections/duty-view.ts'
import type { Refused } from './approval.ts'

/** What officers hand in. Attacker-controlled until it is approved. */
export interface Order {
  readonly statement: Statement
  readonly approvals: readonly Approval[]
  /** Opens `statement.persons`; where it names nobody, absent. */
  readonly matter?: Matter | undefined
}

/** Personal: in memory only, and in the officers' hands. */
export interface Matter {
  /** 32 bytes, base64url. */
  readonly nonce: string
  readonly numbers: readonly string[]
}

/** A leaf of a person's, with the proof that it is in the log. */
export interface PersonalLeaf {
  readonly chain: string
  readonly index: number
  readonly kind: string
  /** RFC 8785 texts. */
  readonly leaf: string
  readonly record: string
  readonly exchange: ExchangeId
  /** C2SP tlog-proof in the newest checkpoint of its chain. */
  readonly receipt: string
}

/** All that stands under one pseudonym, in the order of the chains. */
export interface PersonalRecord {
  readonly subject: string
  readonly leaves: readonly PersonalLeaf[]
  /** Of each decision made again. */
  readonly replayed: readonly {
    readonly exchange: ExchangeId
    readonly finding: 'agree' | 'differ' | 'undecidable' | 'stale'
  }[]
}

/** Appended to the registry chain: durable when this resolves, and folded into `duties`. */
export type Append = (entries: readonly Entry[]) => Promise<unknown>

export interface DutyParts {
  readonly instance: string
  readonly gateway: GatewayId
  readonly clock: Clock
  readonly chance: Chance
  readonly duties: DutyView
  readonly append: Append
  readonly keys: KeyStore & PersonKeys
  /** Who may sign now, as registered by the registrar. */
  readonly officers: () => readonly Officer[]
  /** All leaves under these pseudonyms, and each decision among them made again. */
  readonly recordsOf: (subjects: ReadonlySet<string>) => Promise<readonly PersonalRecord[]>
  /** The decision of an exchange; undefined: no chain has it. */
  readonly decisionOf: (exchange: ExchangeId) => Promise<DecisionRecord | undefined>
  /** Resolves when all that exchanges have handed to their chain by now is durable. */
  readonly settled: () => Promise<unknown>
  /** The procedure has reached a step. */
  readonly onStep: (step: DutyStep) => void
}

export type DutyStep =
  'approved' | 'suspended' | 'replayed' | 'handed-over' | 'recorded' | 'destroyed'

export type DutyRefusal =
  | 'served'
  | 'persons-differ'
  | 'nobody-known'
  | 'held'
  | 'exchange-unknown'
  | 'hold-unknown'
  | 'chain-needed'
  | 'before-future'
  | 'plan-missing'

export function refusal(code: DutyRefusal, sentence: string): Refused<DutyRefusal> {
  return { kind: 'refused', code, sentence }
}

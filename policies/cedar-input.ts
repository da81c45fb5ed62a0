/**
 * What both evaluators are given: one question of one side in Cedar's own JSON forms. The closures and cedar-wasm read
 * the very same object, so there is no second spelling that could differ.
 */
import type { Side } from './question.ts'
import type { RuleId } from './vocabulary.ts'

export interface EntityUid {
  readonly type: string
  readonly id: string
}

export type CedarValue =
  boolean | number | string | { readonly __entity: EntityUid } | readonly CedarValue[] | CedarRecord

export interface CedarRecord {
  readonly [attribute: string]: CedarValue
}

export interface CedarEntity {
  readonly uid: EntityUid
  readonly attrs: CedarRecord
  readonly parents: readonly EntityUid[]
}

export interface CedarInput {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: CedarRecord
  /** No entity twice. */
  readonly entities: readonly CedarEntity[]
}

/** What an engine answers. Reasons and errors are sorted. */
export interface Evaluation {
  readonly decision: 'allow' | 'deny'
  /** Forbids that hold; where there are none, permits that hold. */
  readonly reasons: readonly RuleId[]
  /** Rules that could not be evaluated. Cedar skips them, so `allow` may stand beside them: never act on it. */
  readonly errors: readonly RuleId[]
}

/** An engine over one rule set. Pure: same input, same answer. */
export type Evaluate = (side: Side, input: CedarInput) => Evaluation

/** Reasons that are no rule of the set, so that a deny always names something (they stand in verdicts like rules). */
import { RuleId } from './vocabulary.ts'
import type { Wording } from './vocabulary.ts'

/** An entity that the rules need is not there: nothing was evaluated. */
export const ENTITY_MISSING = RuleId.parse('E01-entity-missing')
/** The engine would not take the input: it is not of the schema. */
export const INPUT_REFUSED = RuleId.parse('E02-input-refused')
/** No rule forbids and none permits. */
export const NOTHING_PERMITS = RuleId.parse('E03-nothing-permits')

export const ENGINE_FINDINGS: ReadonlyMap<RuleId, Wording> = new Map([
  [
    ENTITY_MISSING,
    { zh: '缺少裁決所需之登錄資料', en: 'Something that the rules ask about is not registered' },
  ],
  [INPUT_REFUSED, { zh: '規則引擎拒絕輸入', en: 'The rule engine refused its input' }],
  [NOTHING_PERMITS, { zh: '無任何規則允許', en: 'No rule permits it' }],
])

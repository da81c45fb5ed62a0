/** Which agreements are closed because nobody's consent can be read, and how the operator is told. */
import { expect, test } from '@jest/globals'
import { closedForConsent, consent } from '../../deploy/consent-check.ts'
import type { JsonObject } from '../../policies/canonical-json.ts'
import { AgreementId, Instant } from '../../policies/vocabulary.ts'
import { makeInForce } from '../harness/law.ts'

const ENROLMENT = 'agreements/enrolment-for-labour-insurance.json'
const NOON = Instant.parse('2026-11-22T12:00:00+08:00')

/** Those that are closed at that time, where the agreement on enrolment is changed so. */
function closed(change: (agreement: JsonObject) => JsonObject, at = NOON): readonly string[] {
  const inForce = makeInForce({
    document: (path, document) =>
      path === ENROLMENT ? { agreement: change(document['agreement'] as JsonObject) } : document,
  })
  return closedForConsent({ inForce: () => inForce }, at)
}

const withBasis =
  (side: 'collect' | 'disclose', basis: string) =>
  (agreement: JsonObject): JsonObject => ({
    ...agreement,
    [side]: { ...(agreement[side] as JsonObject), basis },
  })
const onConsent = withBasis('collect', 'PDPA-15-2')

test('the demonstration rests on no consent', () => {
  expect(closed((agreement) => agreement)).toEqual([])
})

test('consent on either side, or for special categories, is enough', () => {
  expect(closed(onConsent)).toEqual(['AG-S3-ENROLMENT'])
  expect(closed(withBasis('disclose', 'PDPA-16-7'))).toEqual(['AG-S3-ENROLMENT'])
  const special = (agreement: JsonObject): JsonObject => ({ ...agreement, article6: 'PDPA-6-1-6' })
  expect(closed(special)).toEqual(['AG-S3-ENROLMENT'])
  const duty = (agreement: JsonObject): JsonObject => ({ ...agreement, article6: 'PDPA-6-1-2' })
  expect(closed(duty)).toEqual([])
})

test('an agreement that is not yet, or no longer, in force is none of them', () => {
  const at = (text: string): readonly string[] => closed(onConsent, Instant.parse(text))
  expect(at('2025-12-31T23:59:59+08:00')).toEqual([])
  expect(at('2026-01-01T00:00:00+08:00')).toHaveLength(1)
  expect(at('2030-12-31T23:59:59+08:00')).toHaveLength(1)
  expect(at('2031-01-01T00:00:00+08:00')).toEqual([])
})

test('the operator is told which, and what to do; of many, some', () => {
  expect(consent([])).toMatchObject({ state: 'ok' })
  const names = ['A', 'B', 'C', 'D', 'E', 'F'].map((name) => AgreementId.parse(`AG-${name}`))
  const five = consent(names.slice(0, 5))
  expect(five).toMatchObject({ state: 'degraded' })
  expect(five.words).toContain(
    '5 of the agreements in force rest on it: AG-A, AG-B, AG-C, AG-D, AG-E. Who',
  )
  expect(five.whatToDo).toContain('documents/')
  expect(consent(names).words).toContain('AG-E and others. Who')
})

/** Whole inputs from which the gate's corpus grows: every attribute of the schema stands in at least one of them. */
import type {
  CedarEntity,
  CedarInput,
  CedarRecord,
  CedarValue,
} from '../../policies/cedar-input.ts'

const AT = 1_790_000_000_000
const YEAR_MS = 31_536_000_000

function reference(type: string, id: string): CedarValue {
  return { __entity: { type, id } }
}

function entity(type: string, id: string, attrs: CedarRecord): CedarEntity {
  return { uid: { type, id }, attrs, parents: [] }
}

const C1 = reference('Member', 'TW/GOV/C1')
const C2 = reference('Member', 'TW/GOV/C2')
const S1 = reference('Subsystem', 'TW/GOV/C1/s1')
const SP = reference('Subsystem', 'TW/GOV/P1/sp')
const EP = reference('Endpoint', 'TW/GOV/C2/s/v GET /a/{id}')

const MEMBERS = [
  entity('Member', 'TW/GOV/C1', { kind: 'controller', onBehalfOf: [] }),
  entity('Member', 'TW/GOV/C2', { kind: 'controller', onBehalfOf: [] }),
  entity('Member', 'TW/GOV/P1', { kind: 'processor', onBehalfOf: [C1] }),
]
const OWN_SYSTEM = entity('Subsystem', 'TW/GOV/C1/s1', { member: C1 })
const SHARED_SYSTEM = entity('Subsystem', 'TW/GOV/P1/sp', {
  member: reference('Member', 'TW/GOV/P1'),
})
const ENDPOINT = entity('Endpoint', 'TW/GOV/C2/s/v GET /a/{id}', {
  controller: C2,
  fields: ['isInsured', 'insuredCategory', 'icd10'],
  namesSubject: true,
  specialFields: ['icd10'],
})
const AGREED: CedarRecord = {
  collectBasis: 'PDPA-15-1',
  collectPurposes: ['031', '057'],
  consumer: S1,
  consumerController: C1,
  discloseBasis: 'PDPA-16-0',
  disclosePurposes: ['031'],
  endpoints: [EP],
  fields: ['isInsured', 'insuredCategory'],
  onwardUse: false,
  providerController: C2,
  validFrom: AT - YEAR_MS,
  validTo: AT + YEAR_MS,
}
const ASKED: CedarRecord = {
  at: AT,
  brokenForMatter: [],
  brokenForPersons: [],
  consumer: S1,
  fields: ['isInsured'],
  purpose: '031',
  subjectIdentified: true,
}

function input(
  side: 'collect' | 'disclose',
  context: CedarRecord,
  agreed: CedarRecord | undefined,
): CedarInput {
  const named =
    agreed === undefined ? context : { ...context, agreement: reference('Agreement', 'A@1') }
  return {
    principal: { type: 'Member', id: side === 'collect' ? 'TW/GOV/C1' : 'TW/GOV/C2' },
    action: { type: 'Action', id: side },
    resource: ENDPOINT.uid,
    context: named,
    entities: [
      ...MEMBERS,
      context['consumer'] === SP ? SHARED_SYSTEM : OWN_SYSTEM,
      ENDPOINT,
      ...(agreed === undefined ? [] : [entity('Agreement', 'A@1', agreed)]),
    ],
  }
}

export function sampleInputs(): readonly CedarInput[] {
  const { purpose: _, ...withoutPurpose } = ASKED
  const special = { ...AGREED, article6: 'PDPA-6-1-2', fields: ['isInsured', 'icd10'] }
  const represented = { ...AGREED, consumer: SP }
  const byConsent = { ...AGREED, collectBasis: 'PDPA-15-2', discloseBasis: 'PDPA-16-7' }
  return (['collect', 'disclose'] as const).flatMap((side) => [
    input(side, ASKED, AGREED),
    input(side, { ...ASKED, basis: 'PDPA-15-1' }, AGREED),
    input(side, { ...ASKED, fields: ['icd10'] }, special),
    input(side, { ...ASKED, consumer: SP, basis: 'PDPA-15-1' }, represented),
    input(side, { ...ASKED, brokenForMatter: ['years'], brokenForPersons: ['relation'] }, AGREED),
    // Chance alone brings these codes together too seldom: one start in five had never seen them, and was refused.
    input(side, ASKED, byConsent),
    input(side, withoutPurpose, AGREED),
    input(side, ASKED, undefined),
  ])
}

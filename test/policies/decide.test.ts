import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Evaluate } from '../../policies/cedar-input.ts'
import { decide } from '../../policies/decide.ts'
import type { Decision, Question } from '../../policies/question.ts'
import { POLICY_REFUSALS } from '../../policies/refusal.ts'
import type { PolicyRefusal } from '../../policies/refusal.ts'
import { makeRuleBook } from '../../policies/rule-book.ts'
import { readRuleSet } from '../../policies/rule-set.ts'
import { settlePurpose } from '../../policies/settle-purpose.ts'
import {
  BasisCode,
  EndpointId,
  FieldName,
  Instant,
  MemberId,
  PurposeCode,
  RuleId,
  ServiceId,
  SubsystemId,
} from '../../policies/vocabulary.ts'
import { documentCrypto } from '../../gateway/registry/agreement-signatures.ts'
import {
  AT,
  bookWith,
  closures,
  documentsOf,
  HOUSEHOLD,
  judge,
  rules,
  S1,
  S3,
  signedFiles,
} from './world.ts'

const book = bookWith()
const fields = (...names: string[]): FieldName[] => names.map(FieldName.parse)
const TAIPEI = MemberId.parse('TW/GOV/379000000A')
const DOIT = MemberId.parse('TW/GOV/379DOIT')
const SHARED = SubsystemId.parse('TW/GOV/379DOIT/shared-services')
const YEAR_MS = 365 * 24 * 3600 * 1000

/** Both engines must say the same of every question that a test asks. */
function decided(question: Question, of = book): Decision {
  const decision = decide(question, of, closures)
  expect(decide(question, of, judge)).toEqual(decision)
  return decision
}

describe('what is permitted', () => {
  test('S1: the income of the last tax year, by the fields of the agreement', () => {
    expect(decided(S1)).toEqual({
      effect: 'permit',
      verdicts: {
        collect: { effect: 'permit', reasons: ['P01-collect-under-agreement'], errors: [] },
        disclose: { effect: 'permit', reasons: ['P02-disclose-under-agreement'], errors: [] },
      },
      refusals: [],
      agreement: { id: 'AG-S1-INCOME', version: 1, hash: expect.stringMatching(/^[\w-]{43}$/) },
      purpose: '074',
      bases: { collect: 'PDPA-15-1', disclose: 'PDPA-16-1' },
      controllers: { consumer: 'TW/GOV/379000000A', provider: 'TW/GOV/MOF' },
      fields: ['formatCode', 'grossAmount', 'incomeCategory', 'taxYear'],
      obligations: [
        { kind: 'notifySubject', value: 'due' },
        { kind: 'retention', days: 1827 },
      ],
    })
  })

  test('S1 through the processor, which names the controller it acts for', () => {
    const decision = decided({ ...S1, consumer: SHARED, representedParty: TAIPEI })
    expect(decision.effect).toBe('permit')
    expect(decision.controllers).toEqual({
      consumer: TAIPEI,
      provider: 'TW/GOV/MOF',
      processor: DOIT,
    })
  })

  test('S3: whether somebody is insured, on a day or without one', () => {
    expect(decided(S3)).toMatchObject({
      effect: 'permit',
      fields: ['insuredCategory', 'isInsured'],
    })
    expect(decided({ ...S3, parameters: { asOf: ['2026-11-01'] } }).effect).toBe('permit')
  })

  test('Exchange-Fields narrows, and the declared basis may be said', () => {
    const asked = { ...S3, fields: fields('isInsured'), basis: BasisCode.parse('PDPA-15-1') }
    expect(decided(asked)).toMatchObject({ effect: 'permit', fields: ['isInsured'] })
  })

  test('a controller may name itself as the party represented', () => {
    const decision = decided({ ...S1, representedParty: TAIPEI })
    expect(decision.effect).toBe('permit')
    expect(decision.controllers.processor).toBeUndefined()
  })
})

const REFUSED: readonly [what: string, question: Question, refusals: PolicyRefusal[]][] = [
  [
    'three years, where only the last is agreed',
    { ...S1, parameters: { ...S1.parameters, years: ['112', '113', '114'] } },
    ['Client.Policy.FieldNotAllowed'],
  ],
  [
    'a year before the last',
    { ...S1, parameters: { ...S1.parameters, years: ['113'] } },
    ['Client.Policy.FieldNotAllowed'],
  ],
  [
    'a restricted parameter left out, which a provider would answer with everything',
    { ...S1, parameters: { relation: ['SELF'] } },
    ['Client.Policy.FieldNotAllowed'],
  ],
  ['payerName', { ...S1, fields: fields('payerName') }, ['Client.Policy.FieldNotAllowed']],
  [
    'a field that is not registered',
    { ...S1, fields: fields('shoeSize') },
    ['Client.Policy.FieldNotAllowed'],
  ],
  [
    'one field too many: refused, not trimmed',
    { ...S1, fields: fields('grossAmount', 'payerName') },
    ['Client.Policy.FieldNotAllowed'],
  ],
  [
    'a relative outside the agreement’s list',
    { ...S1, parameters: { ...S1.parameters, relation: ['SIBLING'] } },
    ['Client.Policy.NoBasis'],
  ],
  [
    'a processor without a party represented',
    { ...S1, consumer: SHARED },
    ['Client.Policy.ProcessorAsController', 'Client.Policy.ControllerMismatch'],
  ],
  [
    'a processor that represents itself',
    { ...S1, consumer: SHARED, representedParty: DOIT },
    ['Client.Policy.ProcessorAsController', 'Client.Policy.ControllerMismatch'],
  ],
  [
    'a processor for a controller that it does not act for',
    { ...S1, consumer: SHARED, representedParty: MemberId.parse('TW/GOV/A17000000J') },
    ['Client.Policy.ControllerMismatch'],
  ],
  [
    'a processor for somebody whom nobody registered',
    { ...S1, consumer: SHARED, representedParty: MemberId.parse('TW/GOV/NOBODY') },
    ['Client.Policy.ControllerMismatch'],
  ],
  [
    'a controller for another controller',
    { ...S1, representedParty: MemberId.parse('TW/GOV/A17000000J') },
    ['Client.Policy.ControllerMismatch'],
  ],
  [
    'another purpose, where onward use is excluded (a tax campaign)',
    { ...S1, purpose: PurposeCode.parse('120') },
    ['Client.Policy.OnwardUse', 'Client.Policy.PurposeMismatch'],
  ],
  [
    'an agreement whose approval ran out',
    { ...S1, purpose: PurposeCode.parse('058') },
    ['Client.Policy.AgreementExpired'],
  ],
  [
    'an agreement not yet in force',
    { ...S3, at: Instant.parse('2025-12-31T23:59:59.999+08:00') },
    ['Client.Policy.AgreementExpired'],
  ],
  [
    'a diagnosis, which is registered and of a special category',
    { ...S3, fields: fields('icd10') },
    ['Client.Policy.Article6NoBasis', 'Client.Policy.FieldNotAllowed'],
  ],
  [
    'a purpose for which the provider did not collect, claimed as in-purpose',
    { ...S3, purpose: PurposeCode.parse('058') },
    ['Client.Policy.OnwardUse', 'Client.Policy.PurposeMismatch'],
  ],
  [
    'another basis than the agreement’s',
    { ...S3, basis: BasisCode.parse('PDPA-15-3') },
    ['Client.Policy.NoBasis'],
  ],
  ['no agreement at all', { ...S3, consumer: S1.consumer }, ['Client.Policy.NoBasis']],
  [
    'no agreement, and a special category',
    { ...S3, consumer: S1.consumer, fields: fields('icd10') },
    ['Client.Policy.Article6NoBasis', 'Client.Policy.NoBasis'],
  ],
  ['nobody named', { ...S3, subject: 'none' }, ['Client.Policy.NoBasis']],
  [
    'a subsystem that nobody registered',
    { ...S3, consumer: SubsystemId.parse('TW/GOV/NOBODY/x') },
    ['Client.Policy.ControllerMismatch', 'Client.Policy.NoBasis'],
  ],
  [
    'an endpoint that nobody registered',
    { ...S3, endpoint: EndpointId.parse('GET /everything') },
    ['Client.Policy.NoBasis'],
  ],
  [
    'a service that nobody registered',
    { ...S3, service: ServiceId.parse('TW/GOV/A21030000I/nhi-enrolment/other') },
    ['Client.Policy.NoBasis'],
  ],
]

test.each(REFUSED)('refused: %s', (_what, question, refusals) => {
  const decision = decided(question)
  expect(decision).toMatchObject({ effect: 'deny', refusals, fields: [], obligations: [] })
  for (const verdict of Object.values(decision.verdicts)) {
    if (verdict.effect === 'deny') expect(verdict.reasons).not.toEqual([])
  }
})

test('an agreement is in force from its first millisecond to the one before its end', () => {
  const from = Instant.parse('2026-01-01T00:00:00+08:00')
  const to = Instant.parse('2031-01-01T00:00:00+08:00')
  const at = (ms: number): string => decided({ ...S3, at: Instant.ofMilliseconds(ms) }).effect
  expect([at(from - 1), at(from), at(to - 1), at(to)]).toEqual(['deny', 'permit', 'permit', 'deny'])
})

test('a parameter that the agreement does not bound is not allowed', () => {
  const without = bookWith((agreement) => ({ ...agreement, parameters: [] }))
  expect(decided({ ...S3, parameters: { asOf: ['2026-11-01'] } }, without).refusals).toEqual([
    'Client.Policy.FieldNotAllowed',
  ])
})

test('where the agreement allows onward use, another purpose is still a mismatch', () => {
  const lenient = bookWith((agreement) => ({ ...agreement, onwardUse: true }))
  expect(decided({ ...S1, purpose: PurposeCode.parse('120') }, lenient).refusals).toEqual([
    'Client.Policy.PurposeMismatch',
  ])
})

test('in-purpose use needs a purpose for which the provider collected', () => {
  const wider = bookWith((agreement) =>
    agreement['id'] === 'AG-S3-ENROLMENT'
      ? { ...agreement, collect: { ...(agreement['collect'] as object), purposes: ['031', '157'] } }
      : agreement,
  )
  const decision = decided({ ...S3, purpose: PurposeCode.parse('157') }, wider)
  expect(decision.verdicts.collect.effect).toBe('permit')
  expect(decision.verdicts.disclose.reasons).toEqual(['F11-use-outside-the-purpose-of-collection'])
  expect(decision.refusals).toEqual(['Client.Policy.PurposeMismatch'])
})

test.each([
  ['collection', { collect: { basis: 'PDPA-15-2', duties: [], purposes: ['031'] } }],
  ['use', { disclose: { basis: 'PDPA-16-7', laws: [], purposes: ['031'] } }],
  ['a special category', { article6: 'PDPA-6-1-6' }],
])('where the basis of %s is consent, nothing passes without a grant', (_what, change) => {
  const consent = bookWith((agreement) =>
    agreement['id'] === 'AG-S3-ENROLMENT' ? { ...agreement, ...change } : agreement,
  )
  expect(decided(S3, consent).refusals).toEqual(['Client.Policy.NoBasis'])
})

test('a special category passes with a basis of Article 6, and not without', () => {
  const asked = { ...S3, fields: fields('icd10') }
  const changed = (change: object): Decision =>
    decided(
      asked,
      bookWith((agreement) =>
        agreement['id'] === 'AG-S3-ENROLMENT'
          ? { ...agreement, fields: ['isInsured', 'icd10'], ...change }
          : agreement,
      ),
    )
  expect(changed({ article6: 'PDPA-6-1-2' })).toMatchObject({ effect: 'permit', fields: ['icd10'] })
  expect(changed({}).refusals).toEqual(['Client.Policy.Article6NoBasis'])
})

describe('every doubt closes', () => {
  const failing =
    (decision: 'allow' | 'deny', reasons: string[]): Evaluate =>
    () => ({
      decision,
      reasons: reasons.map(RuleId.parse),
      errors: [RuleId.parse('F22-field-not-in-the-agreement')],
    })

  test('a rule that could not be evaluated means deny, whatever Cedar allows', () => {
    const decision = decide(S3, book, failing('allow', ['P01-collect-under-agreement']))
    expect(decision.effect).toBe('deny')
    expect(decision.fields).toEqual([])
    expect(decision.verdicts.collect).toEqual({
      effect: 'deny',
      reasons: ['F22-field-not-in-the-agreement'],
      errors: ['F22-field-not-in-the-agreement'],
    })
    expect(decision.refusals).toEqual(['Client.Policy.FieldNotAllowed'])
  })

  test('an error on one side only is enough', () => {
    const oneSided: Evaluate = (side, input) =>
      side === 'disclose'
        ? failing('allow', ['P02-disclose-under-agreement'])(side, input)
        : closures(side, input)
    expect(decide(S3, book, oneSided).effect).toBe('deny')
  })

  test('a deny without a reason gets one', () => {
    const silent: Evaluate = () => ({ decision: 'deny', reasons: [], errors: [] })
    const decision = decide(S3, book, silent)
    expect(decision.verdicts.collect.reasons).toEqual(['E03-nothing-permits'])
    expect(decision.refusals).toEqual(['Client.Policy.NoBasis'])
  })

  test('an allow without a reason is a deny', () => {
    const silent: Evaluate = () => ({ decision: 'allow', reasons: [], errors: [] })
    expect(decide(S3, book, silent).effect).toBe('deny')
  })

  test('an entity that is missing means deny before any engine is asked', () => {
    const { endpoints, members } = book.entities
    const without = (entities: typeof book.entities): Decision =>
      decide({ ...S3, representedParty: TAIPEI }, { ...book, entities }, () => {
        throw new Error('not asked')
      })
    expect(without({ ...book.entities, endpoints: new Map() }).verdicts.collect.reasons).toEqual([
      'E01-entity-missing',
    ])
    expect(endpoints.size).toBe(3)
    expect(members.size).toBe(7)
  })

  test('a rule’s obligation that nobody can fulfil means deny; a known one is added', () => {
    const withObligation = (name: string): Decision => {
      const text = Object.values(rules.policies)
        .join('\n')
        .replace('@cite("PDPA §15")\npermit', `@cite("PDPA §15")\n@obligation("${name}")\npermit`)
      const set = readRuleSet(text, rules.schema, documentCrypto.sha256)
      return decide(S3, makeRuleBook(documentsOf(signedFiles), set), closures)
    }
    expect(withObligation('watermark')).toMatchObject({
      effect: 'deny',
      verdicts: { collect: { reasons: ['P01-collect-under-agreement'] } },
    })
    expect(withObligation('notifySubject')).toMatchObject({
      effect: 'permit',
      obligations: [
        { kind: 'notifySubject', value: 'due' },
        { kind: 'retention', days: 366 },
      ],
    })
  })
})

describe('a purpose that is not declared', () => {
  test('goes without saying where exactly one agreement in force says so', () => {
    expect(settlePurpose(HOUSEHOLD, book)).toEqual({ ...HOUSEHOLD, purpose: '074' })
    expect(decided(HOUSEHOLD)).toMatchObject({ effect: 'permit', purpose: '074' })
  })

  test.each<[string, Question]>([
    ['the agreement wants it explicit', { ...S3, purpose: undefined } as unknown as Question],
    ['the agreement has run out', { ...HOUSEHOLD, at: Instant.ofMilliseconds(AT + 9 * YEAR_MS) }],
    ['there is no agreement', { ...HOUSEHOLD, consumer: S3.consumer }],
    ['it acts for somebody else', { ...HOUSEHOLD, representedParty: DOIT }],
  ])('is missing where %s', (_why, question) => {
    expect(settlePurpose(question, book)).toBe('Client.Request.PurposeMissing')
    expect(decided(question).effect).toBe('deny')
  })

  test('is missing where two agreements match, consent is the basis or a category is special', () => {
    const implied = (change: object): unknown =>
      settlePurpose(
        { ...S3, purpose: undefined } as unknown as Question,
        bookWith((agreement) =>
          agreement['id'] === 'AG-S3-ENROLMENT'
            ? { ...agreement, purposeDeclaration: 'implied', ...change }
            : agreement,
        ),
      )
    expect(implied({})).toMatchObject({ purpose: '031' })
    const missing = 'Client.Request.PurposeMissing'
    expect(implied({ collect: { basis: 'PDPA-15-2', duties: [], purposes: ['031'] } })).toBe(
      missing,
    )
    expect(implied({ disclose: { basis: 'PDPA-16-7', laws: [], purposes: ['031'] } })).toBe(missing)
    expect(implied({ article6: 'PDPA-6-1-2' })).toBe(missing)
    expect(implied({ fields: ['isInsured', 'icd10'] })).toBe(missing)
    const two = (validTo: string): unknown =>
      settlePurpose(
        { ...S1, purpose: undefined } as unknown as Question,
        bookWith((agreement) => {
          const { id, collect } = agreement
          const purposes = id === 'AG-S1-INCOME-2020' ? ['058'] : ['074']
          const narrowed = { ...(collect as object), purposes }
          const changed = { ...agreement, collect: narrowed, purposeDeclaration: 'implied' }
          return id === 'AG-S1-INCOME-2020' ? { ...changed, validTo } : changed
        }),
      )
    expect(two('2025-07-01T00:00:00+08:00')).toMatchObject({ purpose: '074' })
    expect(two('2027-07-01T00:00:00+08:00')).toBe(missing)
  })

  test('is unknown where no list has it', () => {
    expect(settlePurpose({ ...S3, purpose: PurposeCode.parse('999') }, book)).toBe(
      'Client.Request.PurposeUnknown',
    )
    expect(settlePurpose(S3, book)).toBe(S3)
  })
})

test('whatever is asked: a deny tells a refusal and names a rule, a permit tells none and stays within the agreement', () => {
  const purposes = ['031', '057', '058', '074', '120'].map(PurposeCode.parse)
  const names = ['isInsured', 'icd10', 'grossAmount', 'payerName', 'name', 'shoeSize']
  const question = fc
    .record({
      base: fc.constantFrom(S1, S3, HOUSEHOLD),
      at: fc.constantFrom(0, -12, 6).map((years) => Instant.ofMilliseconds(AT + years * YEAR_MS)),
      consumer: fc.constantFrom(S1.consumer, S3.consumer, SHARED),
      purpose: fc.option(fc.constantFrom(...purposes), { nil: undefined }),
      fields: fc.option(fc.uniqueArray(fc.constantFrom(...names.map(FieldName.parse))), {
        nil: undefined,
      }),
      representedParty: fc.option(fc.constantFrom(TAIPEI, DOIT), { nil: undefined }),
      subject: fc.constantFrom('identified' as const, 'none' as const),
    })
    .map(({ base, ...rest }) => ({ ...base, ...rest }) as Question)
  fc.assert(
    fc.property(question, (asked) => {
      const decision = decide(asked, book, closures)
      expect(decide(asked, book, closures)).toEqual(decision)
      const denied = decision.effect === 'deny'
      expect(decision.refusals.length > 0).toBe(denied)
      expect(POLICY_REFUSALS.filter((code) => decision.refusals.includes(code))).toEqual(
        decision.refusals,
      )
      for (const { reasons } of Object.values(decision.verdicts)) expect(reasons).not.toEqual([])
      const agreed = book.documents.agreements.find(
        ({ document }) => document.id === decision.agreement?.id,
      )?.document.fields
      expect(decision.fields.every((name) => agreed?.includes(name) === true)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

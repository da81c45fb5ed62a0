/** Scenarios S1 and S3 with the variants that need no consent, and a household record: what is asked and what is expected. */

export interface Scenario {
  readonly name: string
  readonly wording: string
  readonly consumer: string
  readonly method: 'GET' | 'POST'
  /** Path from `/r1/`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** HTTP status, and the refusal where there is one. */
  readonly expected: { readonly status: number; readonly code?: string }
}

const LABOUR = 'TW/GOV/A17000000J/labour-insurance'
const CITY = 'TW/GOV/379000000A/social-assistance'
const PROCESSOR = 'TW/GOV/379DOIT/shared-services'
const ENROLMENT = '/r1/TW/GOV/A21030000I/nhi-enrolment/enrolment/enrolments/A000000018'
const INCOME = '/r1/TW/GOV/MOF/income/annual-income/incomes'
const HOUSEHOLD = '/r1/TW/GOV/301000000A/household/household-record/household-records'

/** `taxYear`: the newest ROC year whose data exists. */
export function scenarios(taxYear: number): readonly Scenario[] {
  return [...enrolment(), ...income(taxYear), ...incomeRefused(taxYear), household]
}

function enrolment(): readonly Scenario[] {
  const asked = { consumer: LABOUR, method: 'GET' } as const
  return [
    {
      ...asked,
      name: 'S3',
      wording: 'is the person insured with the NHI?',
      path: `${ENROLMENT}?asOf=2026-11-01`,
      headers: { 'Exchange-Purpose': '031', 'Exchange-Basis': 'PDPA-15-1' },
      expected: { status: 200 },
    },
    {
      ...asked,
      name: 'S3 icd10',
      wording: 'asks for the diagnosis: a special category without a basis',
      path: ENROLMENT,
      headers: { 'Exchange-Purpose': '031', 'Exchange-Fields': 'isInsured, icd10' },
      expected: { status: 403, code: 'Client.Policy.Article6NoBasis' },
    },
  ]
}

/** RFC 8187: headers of many clients can't hold Chinese. */
const CASE = "UTF-8''%E5%8C%97%E5%B8%82DEMO-0001"
const forAssistance = { 'Exchange-Purpose': '074', 'Exchange-Case': CASE }

function incomePath(years: number | string, relation: string): string {
  return `${INCOME}?id=A300000014&years=${String(years)}&relation=${relation}`
}

function income(taxYear: number): readonly Scenario[] {
  const asked = {
    method: 'GET',
    path: incomePath(taxYear, 'SELF'),
    expected: { status: 200 },
  } as const
  return [
    {
      ...asked,
      name: 'S1',
      wording: 'income of the latest tax year, for a subsidy',
      consumer: CITY,
      headers: forAssistance,
    },
    {
      ...asked,
      name: 'S1 on behalf',
      wording: 'the IT department asks for the city, as it may',
      consumer: PROCESSOR,
      headers: { 'Exchange-Purpose': '074', 'X-Road-Represented-Party': 'GOV/379000000A' },
    },
  ]
}

function incomeRefused(taxYear: number): readonly Scenario[] {
  const variants: readonly (readonly [string, string, Partial<Scenario>, string])[] = [
    [
      'S1 three years',
      'asks for three years instead of the latest',
      { path: incomePath('112,113,114', 'SELF') },
      'FieldNotAllowed',
    ],
    [
      'S1 payerName',
      'asks for a field outside the agreement',
      { headers: { ...forAssistance, 'Exchange-Fields': 'payerName' } },
      'FieldNotAllowed',
    ],
    [
      'S1 relation',
      'asks about a relative whom the law does not name',
      { path: incomePath(taxYear, 'SIBLING') },
      'NoBasis',
    ],
    [
      'S1 processor',
      'the IT department asks in its own name',
      { consumer: PROCESSOR },
      'ProcessorAsController',
    ],
    [
      'S1 onward use',
      'for collecting tax debts, which the agreement excludes',
      { headers: { 'Exchange-Purpose': '120' } },
      'OnwardUse',
    ],
    [
      'S1 expired',
      'under an approval that ended in 2025',
      { headers: { 'Exchange-Purpose': '058' } },
      'AgreementExpired',
    ],
  ]
  return variants.map(([name, wording, changed, code]) => ({
    name,
    wording,
    consumer: CITY,
    method: 'GET',
    path: incomePath(taxYear, 'SELF'),
    headers: forAssistance,
    ...changed,
    expected: { status: 403, code: `Client.Policy.${code}` },
  }))
}

const household: Scenario = {
  name: 'household',
  wording: 'a household record, the subject in the body',
  consumer: CITY,
  method: 'POST',
  path: HOUSEHOLD,
  headers: { 'Content-Type': 'application/json' },
  body: '{"subjectId":"F300000037"}',
  expected: { status: 200 },
}

/** The demo's agreements say that a tax year is published on 1 May of the year after; Asia/Taipei. */
export function latestTaxYear(at: number): number {
  const local = new Date(at + 8 * 3_600_000)
  const rocYear = local.getUTCFullYear() - 1911
  return local.getUTCMonth() >= 4 ? rocYear - 1 : rocYear - 2
}

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
  const income = (changes: string): string =>
    `${INCOME}?id=A300000014&${changes.includes('years') ? '' : `years=${String(taxYear)}&`}${changes.includes('relation') ? '' : 'relation=SELF&'}${changes}`.replace(
      /&$/,
      '',
    )
  const forAssistance = {
    'Exchange-Purpose': '074',
    'Exchange-Case': "UTF-8''%E5%8C%97%E5%B8%82DEMO-0001",
  }
  return [
    {
      name: 'S3',
      wording: 'is the person insured with the NHI?',
      consumer: LABOUR,
      method: 'GET',
      path: `${ENROLMENT}?asOf=2026-11-01`,
      headers: { 'Exchange-Purpose': '031', 'Exchange-Basis': 'PDPA-15-1' },
      expected: { status: 200 },
    },
    {
      name: 'S3 icd10',
      wording: 'asks for the diagnosis: a special category without a basis',
      consumer: LABOUR,
      method: 'GET',
      path: ENROLMENT,
      headers: { 'Exchange-Purpose': '031', 'Exchange-Fields': 'isInsured, icd10' },
      expected: { status: 403, code: 'Client.Policy.Article6NoBasis' },
    },
    {
      name: 'S1',
      wording: 'income of the latest tax year, for a subsidy',
      consumer: CITY,
      method: 'GET',
      path: income(''),
      headers: forAssistance,
      expected: { status: 200 },
    },
    {
      name: 'S1 three years',
      wording: 'asks for three years instead of the latest',
      consumer: CITY,
      method: 'GET',
      path: income('years=112,113,114'),
      headers: forAssistance,
      expected: { status: 403, code: 'Client.Policy.FieldNotAllowed' },
    },
    {
      name: 'S1 payerName',
      wording: 'asks for a field outside the agreement',
      consumer: CITY,
      method: 'GET',
      path: income(''),
      headers: { ...forAssistance, 'Exchange-Fields': 'payerName' },
      expected: { status: 403, code: 'Client.Policy.FieldNotAllowed' },
    },
    {
      name: 'S1 relation',
      wording: 'asks about a relative whom the law does not name',
      consumer: CITY,
      method: 'GET',
      path: income('relation=SIBLING'),
      headers: forAssistance,
      expected: { status: 403, code: 'Client.Policy.NoBasis' },
    },
    {
      name: 'S1 processor',
      wording: 'the IT department asks in its own name',
      consumer: PROCESSOR,
      method: 'GET',
      path: income(''),
      headers: { 'Exchange-Purpose': '074' },
      expected: { status: 403, code: 'Client.Policy.ProcessorAsController' },
    },
    {
      name: 'S1 on behalf',
      wording: 'the IT department asks for the city, as it may',
      consumer: PROCESSOR,
      method: 'GET',
      path: income(''),
      headers: { 'Exchange-Purpose': '074', 'X-Road-Represented-Party': 'GOV/379000000A' },
      expected: { status: 200 },
    },
    {
      name: 'S1 onward use',
      wording: 'for collecting tax debts, which the agreement excludes',
      consumer: CITY,
      method: 'GET',
      path: income(''),
      headers: { 'Exchange-Purpose': '120' },
      expected: { status: 403, code: 'Client.Policy.OnwardUse' },
    },
    {
      name: 'S1 expired',
      wording: 'under an approval that ended in 2025',
      consumer: CITY,
      method: 'GET',
      path: income(''),
      headers: { 'Exchange-Purpose': '058' },
      expected: { status: 403, code: 'Client.Policy.AgreementExpired' },
    },
    {
      name: 'household',
      wording: 'a household record, the subject in the body',
      consumer: CITY,
      method: 'POST',
      path: HOUSEHOLD,
      headers: { 'Content-Type': 'application/json' },
      body: '{"subjectId":"F300000037"}',
      expected: { status: 200 },
    },
  ]
}

/** The demo's agreements say that a tax year is published on 1 May of the year after; Asia/Taipei. */
export function latestTaxYear(at: number): number {
  const local = new Date(at + 8 * 3_600_000)
  const rocYear = local.getUTCFullYear() - 1911
  return local.getUTCMonth() >= 4 ? rocYear - 1 : rocYear - 2
}
